/** Notes on the commands about connections, transactions, channels and guarantees. */
import type { Notes } from './note.js';

const FILTER =
  'ID client-id:integer|TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|USER username|ADDR address|LADDR address|MAXAGE seconds:integer';

export const CONNECTION_NOTES: Notes = {
  auth: ['1.0.0', '[username] password', 'Signs a user in.'],
  client: ['2.4.0', '', 'Manages the connections of clients.'],
  'client|caching': ['6.0.0', '(YES|NO)', 'Is refused, because tracking is never on.'],
  'client|getname': ['2.6.9', '', 'Returns the name of the connection.'],
  'client|getredir': ['6.0.0', '', 'Returns -1, because tracking is never on.'],
  'client|help': ['5.0.0', '', 'Explains the subcommands.'],
  'client|id': ['5.0.0', '', 'Returns the number of the connection.'],
  'client|info': ['6.2.0', '', 'Describes the connection in one line.'],
  'client|kill': ['2.4.0', `(old-address|(${FILTER}|SKIPME (YES|NO)) ...)`, 'Closes connections.'],
  'client|list': [
    '2.4.0',
    '[TYPE (NORMAL|MASTER|REPLICA|PUBSUB)] [ID client-id:integer ...]',
    'Describes connections, each in one line.',
  ],
  'client|no-evict': ['7.0.0', '(ON|OFF)', 'Notes a wish that has no effect: no client is evicted.'],
  'client|no-touch': ['7.2.0', '(ON|OFF)', 'Notes a wish that has no effect: reads never change a key.'],
  'client|pause': ['2.9.50', 'timeout:integer [WRITE|ALL]', 'Holds back commands of all clients for a time.'],
  'client|reply': ['3.2.0', '(ON|OFF|SKIP)', 'Turns the replies to the client on or off.'],
  'client|setinfo': ['7.2.0', '(LIB-NAME libname|LIB-VER libver)', 'Notes the library of the client.'],
  'client|setname': ['2.6.9', 'connection-name', 'Names the connection.'],
  'client|tracking': ['6.0.0', '(ON|OFF)', 'Takes OFF alone. Changes are seen with headwater watch.'],
  'client|trackinginfo': ['6.2.0', '', 'Returns that tracking is off.'],
  'client|unblock': ['5.0.0', 'client-id:integer [TIMEOUT|ERROR]', 'Ends the wait of another client.'],
  'client|unpause': ['6.2.0', '', 'Ends a pause.'],
  echo: ['1.0.0', 'message', 'Returns the message.'],
  hello: [
    '6.0.0',
    '[protover:integer [AUTH username password] [SETNAME clientname]]',
    'Chooses the version of the protocol and describes the node.',
  ],
  ping: ['1.0.0', '[message]', 'Answers, to show that the connection works.'],
  quit: ['1.0.0', '', 'Closes the connection.'],
  readonly: ['3.0.0', '', 'Is refused: the node has no slots.'],
  readwrite: ['3.0.0', '', 'Is refused: the node has no slots.'],
  asking: ['3.0.0', '', 'Is refused: the node has no slots.'],
  reset: ['6.2.0', '', 'Returns the connection to its first state.'],
  select: ['1.0.0', 'index:integer', 'Chooses database 0, which is the only one.'],
};

export const TRANSACTION_NOTES: Notes = {
  discard: ['2.0.0', '', 'Drops the commands of a transaction.'],
  exec: ['1.2.0', '', 'Carries out the commands of a transaction at once.'],
  multi: ['1.2.0', '', 'Begins a transaction.'],
  unwatch: ['2.2.0', '', 'Watches no key any more.'],
  watch: ['2.2.0', 'key ...', 'Lets EXEC carry the transaction out only if these keys do not change before.'],
};

export const CHANNEL_NOTES: Notes = {
  psubscribe: ['2.0.0', 'pattern ...', 'Subscribes to channels by patterns.'],
  publish: ['2.0.0', 'channel message', 'Sends a message to the subscribers of a channel.'],
  pubsub: ['2.8.0', '', 'Looks at the subscriptions of the node.'],
  'pubsub|channels': ['2.8.0', '[pattern]', 'Lists channels with subscribers.'],
  'pubsub|help': ['6.2.0', '', 'Explains the subcommands.'],
  'pubsub|numpat': ['2.8.0', '', 'Counts the patterns with subscribers.'],
  'pubsub|numsub': ['2.8.0', '[channel ...]', 'Counts the subscribers of channels.'],
  'pubsub|shardchannels': ['7.0.0', '[pattern]', 'Lists shard channels with subscribers.'],
  'pubsub|shardnumsub': ['7.0.0', '[shardchannel ...]', 'Counts the subscribers of shard channels.'],
  punsubscribe: ['2.0.0', '[pattern ...]', 'Ends subscriptions by patterns.'],
  spublish: ['7.0.0', 'shardchannel message', 'Sends a message to the subscribers of a shard channel.'],
  ssubscribe: ['7.0.0', 'shardchannel ...', 'Subscribes to shard channels.'],
  subscribe: ['2.0.0', 'channel ...', 'Subscribes to channels.'],
  sunsubscribe: ['7.0.0', '[shardchannel ...]', 'Ends subscriptions to shard channels.'],
  unsubscribe: ['2.0.0', '[channel ...]', 'Ends subscriptions to channels.'],
};

/** The version of Headwater that has had these commands first. Redis has none of them. */
const FIRST = 'Headwater 0.1.0';

export const GUARANTEE_NOTES: Notes = {
  headwater: [FIRST, '', 'Sets guarantees for the commands of the connection. Redis has no such command.'],
  'headwater|atleast': [
    FIRST,
    'token [timeout:integer]',
    'Lets reads wait until the node has everything up to a token.',
  ],
  'headwater|durability': [
    FIRST,
    '(APPENDED|SYNCED|FOLLOWERS count:integer|FOLLOWERS_SYNCED count:integer) [timeout:integer]',
    'Lets writes wait until they are safe on so many nodes.',
  ],
  'headwater|help': [FIRST, '', 'Explains the subcommands.'],
  'headwater|maxstaleness': [
    FIRST,
    'milliseconds:integer [timeout:integer]',
    'Bounds the age of the data that reads see.',
  ],
  'headwater|reset': [FIRST, '', 'Ends all guarantees that were asked for.'],
  'headwater|token': [FIRST, '', 'Returns the position of all that the connection has seen.'],
};
