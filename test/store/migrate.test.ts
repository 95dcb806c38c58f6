import { migrate } from '../../store/migrate.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

test('a database that is up to date is left alone, by two processes at once', async () => {
  expect(await Promise.all([migrate(database.owner), migrate(database.owner)])).toEqual([[], []]);
});

test('a database of a newer Keepwell is refused', async () => {
  await database.owner.query(`insert into migrations (name) values ('9999_future.sql')`);
  await expect(migrate(database.owner)).rejects.toThrow(/newer Keepwell.*9999_future/);
  await database.owner.query(`delete from migrations where name = '9999_future.sql'`);
});

test('the application can neither change a posting or a decision nor look at the planted truth', async () => {
  await expect(database.app.query('update postings set amount = 1')).rejects.toThrow(/permission denied/);
  await expect(database.app.query('delete from postings')).rejects.toThrow(/permission denied/);
  await expect(database.app.query('update decisions set verdict = verdict')).rejects.toThrow(/permission denied/);
  await expect(database.app.query('select * from planted.cases')).rejects.toThrow(/permission denied/);
});
