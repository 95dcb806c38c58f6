import type { PoolClient } from 'pg';
import { copyRows, type CopyRow } from '../store/bulk-load.js';
import { BadRows, readCsv, type CsvRow, type ImportProgress } from './berka-files.js';
import {
  BERKA_COLUMNS,
  berkaAccountRef,
  berkaBranchRef,
  berkaCustomerRef,
  readAccount,
  readClient,
  readDistrict,
  readParty,
  readTransaction,
  type BerkaAccount,
  type BerkaClient,
  type BerkaDistrict,
  type BerkaParty,
} from './berka-rows.js';

/** Managers are made up, one for each region and then once more round: the data has none. */
const MANAGERS = 12;
/** open journeys that one manager can look after */
const MANAGER_CAPACITY = 60;

type Table = keyof typeof BERKA_COLUMNS;
type Lined<Row> = Row & { readonly line: number };

interface Files {
  readonly directory: string;
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** The files of one import, row by row as they are meant; what can't be is collected. */
class BerkaReader {
  readonly badRows = new BadRows();

  constructor(private readonly files: Files) {}

  async *rows<Row>(table: Table, read: (row: CsvRow) => Row): AsyncGenerator<Lined<Row>> {
    const { directory, onProgress } = this.files;
    const columns = BERKA_COLUMNS[table];
    for await (const row of readCsv({ directory, table, columns, badRows: this.badRows, onProgress })) {
      let meant: Row;
      try {
        meant = read(row);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.bad(table, row.line, error.message);
        continue;
      }
      yield { ...meant, line: row.line };
    }
  }

  async byId<Row extends { id: string }>(table: Table, read: (row: CsvRow) => Row): Promise<Map<string, Lined<Row>>> {
    const found = new Map<string, Lined<Row>>();
    for await (const row of this.rows(table, read)) {
      const first = found.get(row.id);
      if (first) this.bad(table, row.line, `${table} ${row.id} is on line ${first.line} already`);
      else found.set(row.id, row);
    }
    return found;
  }

  bad(table: Table, line: number, reason: string): void {
    this.badRows.add({ file: `${table}.csv.gz`, line, reason });
  }
}

/** @throws RangeError when nobody knows the id */
function known(table: Table, ids: ReadonlyMap<string, unknown>, id: string): void {
  if (!ids.has(id)) throw new RangeError(`${table} ${id} is not in ${table}.csv.gz`);
}

interface People {
  readonly districts: ReadonlyMap<string, Lined<BerkaDistrict>>;
  readonly clients: ReadonlyMap<string, Lined<BerkaClient>>;
  readonly accounts: ReadonlyMap<string, Lined<BerkaAccount>>;
  readonly parties: readonly BerkaParty[];
}

/**
 * Reads and checks all files of the bank, and fills the staging tables; transactions stream through.
 * @throws ImportRefused when any row is bad
 */
export async function stageFiles(client: PoolClient, files: Files): Promise<void> {
  const reader = new BerkaReader(files);
  const people = await readPeople(reader);
  await copyPeople(client, people);
  await copyTransactions(client, reader, people.accounts);
  reader.badRows.refuseIfAny();
}

async function readPeople(reader: BerkaReader): Promise<People> {
  const districts = await reader.byId('district', readDistrict);
  const clients = await reader.byId('client', (row) => {
    const client = readClient(row);
    known('district', districts, client.districtId);
    return client;
  });
  const accounts = await reader.byId('account', readAccount);
  const owned = new Set<string>();
  const readKnownParty = (row: CsvRow): BerkaParty => {
    const party = readParty(row);
    known('client', clients, party.clientId);
    known('account', accounts, party.accountId);
    if (party.role === 'owner' && owned.has(party.accountId))
      throw new RangeError(`account ${party.accountId} has an OWNER already`);
    if (party.role === 'owner') owned.add(party.accountId);
    return party;
  };
  const parties: BerkaParty[] = [];
  for await (const party of reader.rows('disp', readKnownParty)) parties.push(party);
  for (const { id, line } of accounts.values())
    if (!owned.has(id)) reader.bad('account', line, `account ${id} has no OWNER in disp.csv.gz`);
  return { districts, clients, accounts, parties };
}

async function copyPeople(client: PoolClient, { districts, clients, accounts, parties }: People): Promise<void> {
  const copy = (table: string, columns: string, rows: CopyRow[]): Promise<number> =>
    copyRows(client, table, columns.split(' '), rows);
  const list = [...districts.values()];
  await copy(
    'stage_branches',
    'branch_ref name',
    list.map(({ id, name }) => [berkaBranchRef(id), name]),
  );
  await copy('stage_managers', 'manager_ref branch_ref name email languages capacity', managers(list));
  await copy(
    'stage_clients',
    'customer_ref client_id gender birth_date branch_ref',
    [...clients.values()].map(({ id, gender, birthDate, districtId }) => [
      berkaCustomerRef(id),
      id,
      gender,
      birthDate,
      berkaBranchRef(districtId),
    ]),
  );
  await copy(
    'stage_accounts',
    'account_ref account_id opened_on',
    [...accounts.values()].map(({ id, openedOn }) => [berkaAccountRef(id), id, openedOn]),
  );
  await copy(
    'stage_parties',
    'account_ref customer_ref role',
    parties.map(({ accountId, clientId, role }) => [berkaAccountRef(accountId), berkaCustomerRef(clientId), role]),
  );
}

/** Each sits in the first district of a region. */
function managers(districts: readonly BerkaDistrict[]): CopyRow[] {
  const seats = [...new Map(districts.toReversed().map((district) => [district.region, district])).values()].reverse();
  return Array.from({ length: seats.length === 0 ? 0 : MANAGERS }, (_, i): CopyRow => {
    const { id, region } = seats[i % seats.length] as BerkaDistrict;
    const ref = `m-${i + 1}`;
    return [ref, berkaBranchRef(id), `Manager ${i + 1}, ${region}`, `${ref}@staff.example`, '{en}', MANAGER_CAPACITY];
  });
}

async function copyTransactions(
  client: PoolClient,
  reader: BerkaReader,
  accounts: ReadonlyMap<string, unknown>,
): Promise<void> {
  const read = (row: CsvRow): ReturnType<typeof readTransaction> => {
    const transaction = readTransaction(row);
    known('account', accounts, transaction.accountId);
    return transaction;
  };
  async function* rows(): AsyncGenerator<CopyRow> {
    for await (const t of reader.rows('trans', read))
      yield [t.line, berkaAccountRef(t.accountId), t.bookedOn, t.amount, t.category, t.bank, t.account];
  }
  await copyRows(
    client,
    'stage_transactions',
    ['line', 'account_ref', 'booked_on', 'amount_minor', 'category', 'counterparty_bank', 'counterparty_account'],
    rows(),
  );
}
