export { complaintCase } from './complaint-case.js';
export { customerJourney } from './customer-journey.js';
export { dailyRound } from './daily-round.js';
export { redemptionOrder } from './redemption-order.js';
