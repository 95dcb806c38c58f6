import { detectionQuality } from '../../bank/detection-quality.js';
import { generateSampleBank } from '../../bank/sample-bank.js';
import { instant, plainDate } from '../../domain/types.js';
import { findCustomers } from '../../store/detection/find-customers.js';
import { freshDatabase } from '../setup/database.js';

const AS_OF = plainDate('2026-06-18');
const CUSTOMERS = 600;

test.each([7, 19, 2_026])(
  'seed %i: nearly all that is planted is found, and the content are left alone',
  async (seed) => {
    const database = await freshDatabase();
    const { owner, app } = database;
    try {
      const clock = { origin: 0, anchor: 0, rate: 1 };
      await generateSampleBank({ owner, customers: CUSTOMERS, seed, asOf: AS_OF, clock });
      await findCustomers(app, { asOf: AS_OF, foundAt: instant(Date.parse(AS_OF)) });
      const quality = await detectionQuality(owner, AS_OF);
      expect(quality).toMatchObject({ planted: 96, content: 504 });
      expect(quality.recall).toBeGreaterThanOrEqual(0.95);
      expect(quality.falseAlarms / quality.content).toBeLessThanOrEqual(0.05);
      const byKind = Object.values(quality.falseAlarmsByKind).reduce((sum, alarms) => sum + alarms, 0);
      expect(byKind).toBe(quality.falseAlarms);
      // each trigger is tried, and each number beside it is the plain count
      for (const [trigger, { planted, found, findings, precision }] of Object.entries(quality.byTrigger)) {
        expect(planted).toBe(['negative-balance', 'tier-lost'].includes(trigger) ? 0 : 12);
        expect(found).toBeLessThanOrEqual(Math.min(planted, findings));
        if (findings > 0) expect(precision).toBeGreaterThan(0.3);
      }
      expect(quality.byTrigger['maturing-7'].warningDays).toBeLessThanOrEqual(7);
      expect(quality.byTrigger['tier-at-risk'].warningDays).toBeGreaterThan(30);
    } finally {
      await database.drop();
    }
  },
);
