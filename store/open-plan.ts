/**
 * SQL that says whether a customer has a repayment plan that is agreed and not closed: credit care, as long as it runs.
 * @param customer a parameter or column, for instance `$1`
 */
export const openPlan = (customer: string): string =>
  `exists (select 1 from repayment_plans where customer_ref = ${customer} and agreed_at is not null and closed_at is null)`;
