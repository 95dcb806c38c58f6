export { complaintCase } from './complaint-case.js';
export { customerJourney } from './customer-journey.js';
export { dailyRound } from './daily-round.js';
export { journeyNews } from './journey-news.js';
export { owedLetters } from './owed-letters.js';
export { redemptionOrder } from './redemption-order.js';
export { repaymentPlan } from './repayment-plan.js';
