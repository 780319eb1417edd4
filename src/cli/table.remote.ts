/** What speaks to a bucket of one's own: rows of the table of commands. */
import type { LoadableCommand } from './context.ts';

export const REMOTE: readonly LoadableCommand[] = [
  {
    name: 'remote',
    summary: "a bucket of one's own: many machines, one memory",
    args: ['ACTION', '[WHAT...]'],
    flags: [
      { flag: '--endpoint URL', help: 'of init and add: the service, where it is not Amazon' },
      { flag: '--region R', help: 'of init and add: its region (AWS_REGION)' },
      { flag: '--path-style', help: "of init and add: the bucket's name in the path" },
      { flag: '--key-file FILE', help: "of init and add: a file of age's keys instead of a passphrase" },
      { flag: '--name NAME', help: 'of init and add: what this machine is called on the others' },
      { flag: '--machine NAME', help: 'of forget: a machine that is gone, by its name or id' },
      { flag: '--yes', help: 'of forget: consent, in place of the phrase' },
      { flag: '--repair', help: 'of verify: what this machine still has is uploaded again' },
    ],
    examples: [
      'session-memory remote init s3://my-bucket/sessions',
      'session-memory remote init s3://b/p --endpoint https://s3.example.com --key-file ~/.age/key.txt',
      'session-memory remote add s3://my-bucket/sessions',
      'session-memory remote sync',
      'session-memory remote status',
      'session-memory remote verify',
      'session-memory remote gc',
      'session-memory remote forget 8c816805 --yes',
      'session-memory remote forget --machine old-laptop',
    ],
    exits: [],
    about:
      'ACTION: init URL makes a bucket ready, add URL joins it from a further machine, sync uploads what is new here and reads what others have put there, status says what is where, verify reads all of it back, gc removes what nobody needs and what was forgotten, forget forgets sessions here, on every machine and in the bucket at once, or names a machine that is gone, so that gc waits for it no more, leave goes on without it. A store that has joined a bucket evicts only what is there. Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile of AWS_PROFILE; the passphrase from SESSION_MEMORY_REMOTE_PASSPHRASE, a terminal, or --key-file. All is sealed on this machine before it leaves. Without a bucket nothing uses a network.',
    load: async () => (await import('./commands/remote.ts')).remoteCommand,
  },
];
