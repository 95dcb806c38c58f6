import { ORDER_ENDINGS, ORDER_REFUSALS } from '../domain/redemption.js';

/** Reason codes of decisions in words for staff; a code that is not here is shown as it is. */
const WORDS: Readonly<Record<string, string>> = {
  // detection
  'tier-at-risk': 'the tier is at risk',
  'income-lowered': 'income has fallen',
  'income-stopped': 'income has stopped',
  'large-outflow': 'a large sum left the bank',
  'maturing-30': 'a product matures within 30 days',
  'maturing-7': 'a product matures within 7 days',
  dormant: 'the accounts are hardly used any more',
  'negative-balance': 'an account is in the red',
  'card-overused': 'the card is used close to its limit',
  // admission
  'by-hand': 'a member of staff asked for it',
  'not-in-audience': 'no campaign is meant for this customer',
  'score-too-low': 'the finding is too weak',
  'journey-open': 'another journey of the customer is open',
  'complaint-open': 'a complaint of the customer is open',
  'cool-down': 'the last journey ended too recently',
  'address-refused': "the customer's address refuses mail for good",
  'started-today': 'this campaign has had a journey for the customer on that day',
  // assignment
  dedicated: "it is the customer's own manager",
  'own-branch': 'of the own branch',
  'other-branch': 'of another branch, nobody of the own one is free',
  'most-free': 'the one with most room',
  'nobody-speaks-the-language': 'no manager speaks the language of the customer',
  'nobody-has-room': 'every manager has as many journeys as they can look after',
  // the door for messages
  'journey-closed': 'the journey has ended',
  'no-promotional-consent': 'the customer has not consented to promotions',
  'no-survey-consent': 'the customer wants no surveys',
  'credit-care': 'the customer is in credit care, where nothing is sold',
  'survey-due': 'it was time for the survey',
  interrupted: 'a crash left it unsure whether the server took it, so it is not sent again',
  'not-taken-in-time': 'no mail server took it for five days',
  'journey-ending': 'the journey ended while it was being tried',
  // entitlements
  'tier-in-offer': 'the tier is one of the offer',
  'tenure-long-enough': 'a customer for long enough',
  'retained-often-enough': 'was retained often enough',
  'offer-not-begun': 'the offer has not begun',
  'offer-over': 'the offer is over',
  'offer-changed': 'the offer has a newer version',
  'tier-not-in-offer': 'the tier is not one of the offer',
  'tenure-too-short': 'not a customer for long enough',
  'too-few-retained': 'was not retained often enough of late',
  'not-renewed-in-time': 'no evaluation ran in its last days',
  'credit-care-over': 'credit care is over',
  // goal and settlement
  'average-secured': "the period's average is secured",
  'evaluation-kept': 'the evaluation kept the tier',
  'reward-post': 'the reward is posted',
  'reward-withhold': 'the reward is withheld',
  'campaign-has-no-reward': 'the campaign has none',
  'goal-met': 'the goal is met',
  'goal-not-met': 'the goal is not met',
  'not-held-long-enough': 'the balance was not held long enough',
  'budget-spent': "the campaign's budget is spent",
  'rewarded-before': 'this campaign has rewarded the customer before',
  'run-ended-by-force': 'its run in Temporal was ended by force',
  'left-the-journey': 'the customer left the journey',
  'reservation-lapsed': 'the promise outlived its journey and went back to the budget',
  // corrections
  'posting-reversed': 'staff took a posting back',
  // orders
  ...ORDER_REFUSALS,
  ...ORDER_ENDINGS,
};

export const reasonWords = (code: string): string => WORDS[code] ?? code;
