/**
 * Every bound on a size, a count or a time, with its reason. A bound that a user may change is the default of an option
 * in options.ts. The others are part of a format or of the protocol.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/** The largest block, whatever is configured: readers size buffers by this bound. */
export const BLOCK_BYTES_CEILING = 64 * MiB;

/** A block closes at this size or count, unless one value or transaction is larger. */
export const BLOCK_BYTES_TARGET = MiB;
export const BLOCK_COMMANDS_MAX = 4096;

/**
 * Keys, conditions and inner operations in one operation: 16 MB once they are decoded, and some 50 ms of work that
 * blocks all other work. A message of empty keys could hold a hundred times as many.
 */
export const OPERATION_KEYS_MAX = 128 * 1024;

/** The largest gRPC message: the largest transaction and its framing. */
export const MESSAGE_BYTES_MAX = 36 * MiB;

/**
 * The HTTP/2 window of a connection, and of each of its streams, at the end that dials. A node sends so many bytes
 * before it waits. HTTP/2's own 64 KiB gave a third of the throughput (measured). The end that listens keeps those 64
 * KiB, since grpc-js has no option for a server. A stream that is not read holds one window, which no other bound
 * counts.
 */
export const FLOW_CONTROL_WINDOW_BYTES = 4 * MiB;
export const SERVER_WINDOW_BYTES = 64 * KiB - 1;

/** Bytes on their way out of one stream, at either end, before the next message has to wait. */
export const SENDING_BYTES_MAX = 512 * KiB;

/** Concurrent calls on one connection. */
export const CONCURRENT_STREAMS_MAX = 1_000;

/**
 * Concurrent pipelines and replication sessions on one connection. A stream that is not read holds a window of
 * requests. So a connection holds at most 2 MiB of requests that nothing else counts, and all CONNECTIONS_EXPECTED
 * together 2 GiB. A client needs one stream; 1,000 streams would be 64 MiB a connection.
 */
export const DUPLEX_STREAMS_MAX = 32;

/**
 * The metadata of a call, as HTTP/2 counts them: names, values, and 32 bytes for each. The longest user with its secret takes
 * 1.6 KiB, and the context of a trace less. Above the bound a call is refused by name. Above the hard bound, which
 * clients learn when they connect, HTTP/2 itself ends the call before the rest is in memory.
 */
export const METADATA_BYTES_MAX = 16 * KiB;
export const METADATA_BYTES_HARD_MAX = 64 * KiB;

/** Memory of Node's HTTP/2 for one connection before it refuses new calls, in MB. */
export const SESSION_MEMORY_MB_MAX = 128;

/**
 * Spans of requests that a node has open. Each takes about 2 KiB, and any client may ask for one with each operation.
 * Beyond the bound, requests have none.
 */
export const OPEN_SPANS_MAX = 16 * 1024;

/** Names of spans in which writes were asked: those that go to the followers together, and those that wait for blocks. */
export const WRITE_TRACES_MAX = 1_024;

/** The longest time that a connection without a call stays open, silent ones included. */
export const CONNECTION_IDLE_MS_MAX = 10 * 60 * 1_000;

/** Requests that wait for the writer, in encoded bytes: from one stream, and from all. */
export const STREAM_QUEUE_BYTES_MAX = 8 * MiB;
export const TOTAL_QUEUE_BYTES_MAX = 64 * MiB;

/** The longest wait of a stream for room in the queues. After it the stream is refused with `overloaded`. */
export const QUEUE_WAIT_MS_MAX = 10_000;

/**
 * Requests of clients that are being received, or have been received and are not answered, over both protocols
 * (pipeline/request-budget.ts), by default. gRPC has all but the largest request of the Redis protocol and the part that
 * protocol always gets. Three of the largest messages fit, or seven values of 16 MiB, and small requests beside them. Requests
 * of nodes and operators have memory of their own, enough for two of the largest, so that neither group waits for the
 * other.
 */
export const REQUEST_BYTES_MAX = 256 * MiB;
export const RECEIVING_BYTES_MAX = 160 * MiB;
/** The most that requests of the Redis protocol get, and the part that they, and small requests of gRPC, always get. */
export const REDIS_REQUESTS_PART = 1 / 4;
export const REQUESTS_PART_LEAST = 1 / 8;
export const RECEIVING_NODES_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;

/**
 * A small request arrives at once, since HTTP/2's window of a stream holds it. A part of the memory is for small
 * requests alone.
 */
export const RECEIVING_SMALL_BYTES = 64 * KiB;
export const RECEIVING_SMALL_PART = 1 / 5;

/**
 * Replies to clients that are being made, or that clients have not read yet, in bytes, over all connections. A
 * connection holds at most half. A stream holds no more than its bound, and less if others hold much. The stream grows
 * only while it holds less than a part of the memory that is free for growth. So a stream that holds nothing finds
 * memory, however many streams are not read.
 */
export const REPLYING_BYTES_MAX = 128 * MiB;
export const REPLYING_GROWTH_BYTES_MAX = 96 * MiB;
export const REPLYING_STREAM_BYTES_MAX = 4 * MiB;
export const REPLYING_STREAM_PART = 1 / 8;
/** Replies made at a time for one stream: a few messages, or less if memory is short. */
export const REPLYING_STEP_BYTES_MAX = MiB;
export const REPLYING_STEP_BYTES_MIN = 64 * KiB;

/**
 * The longest time in which a client may read nothing of a stream that holds memory, while another stream waits for
 * memory. After it the first stream is ended.
 */
export const REPLYING_STALL_MS_MAX = 5_000;
export const REPLYING_LOOK_MS = 1_000;

/** Requests that wait for memory: each holds one window, 32 MiB in all. The next is refused at once. */
export const RECEIVING_WAITING_MAX = 512;

/**
 * The least progress of a request that has memory, while others wait for memory. A slower request, below 13 KB a
 * second, is refused. The time is shorter than a request waits before it is refused.
 */
export const RECEIVING_PROGRESS_BYTES = 64 * KiB;
export const RECEIVING_STALL_MS_MAX = 5_000;
export const RECEIVING_LOOK_MS = 1_000;

/** Reply bytes put into one message of a pipeline or a scan before the next message begins. */
export const REPLY_MESSAGE_BYTES_TARGET = 256 * KiB;

/**
 * Replies of Redis clients that wait for the end of a turn to be written together: bytes, and connections. More would
 * leave the processor's cache before they are sent, and the first client would wait for too many others.
 */
export const FLUSHED_TOGETHER_BYTES = 256 * KiB;
export const FLUSHED_TOGETHER_MAX = 128;

/**
 * The largest key behind which a follower offers to resume an interrupted full resync. The key travels in the handshake,
 * which has to fit into one message.
 */
export const RESUME_KEY_BYTES_MAX = 64 * KiB;

/** How long a follower waits for an upstream that is a follower too and behind the log of its interrupted full resync. */
export const KEPT_LOG_WAIT_MS_MAX = 5_000;

/** Blocks and records gathered for one replication frame; a single one may be larger. */
export const FRAME_BYTES_MAX = 256 * KiB;

/**
 * The size of one message of a replication session, and half of the bytes that may wait in the session for the network.
 * The size grows with every ALLOWANCE_GROWTH_BYTES that the network takes at once.
 */
export const ALLOWANCE_BYTES_MIN = 16 * KiB;
export const ALLOWANCE_BYTES_MAX = 256 * KiB;
export const ALLOWANCE_GROWTH_BYTES = MiB;

/**
 * The time between the frames of a feed under load, for blocks that nobody waits for: fewer, larger frames cost both ends
 * less. FRAMES_AHEAD_MAX frames may leave at once before that.
 */
export const FRAME_INTERVAL_MS = 0.5;
export const FRAMES_AHEAD_MAX = 10;

/**
 * The same time while the event loop of this node has little to spare. A frame of one block costs both ends as much as
 * twenty small commands, and commands are what there is no time for then.
 */
export const FRAME_INTERVAL_BUSY_MS = 5;

/** An event loop that is at work for a larger share of the time than this is busy, and how often that is looked at. */
export const LOOP_BUSY_SHARE = 0.6;
export const LOOP_LOOK_MS = 20;

/**
 * Received frames that wait behind those being processed, their first byte included. Above this the link stops reading,
 * if a whole frame is there.
 */
export const RECEIVE_QUEUE_BYTES_MAX = 4 * MiB;

/** Recent blocks kept in memory for cursors that are close to the end of the log. */
export const TAIL_BYTES_MAX = 8 * MiB;

/** Messages and marks kept for feeds and subscribers that have not reached them yet. */
export const INTERLUDES_BYTES_MAX = 8 * MiB;

/**
 * Messages published at a follower that its upstream has not answered yet. The messages behind them wait, unsent. A
 * larger message goes alone.
 */
export const PUBLISHING_BYTES_MAX = 4 * MiB;
export const PUBLISHING_MAX = 1_024;

/** Messages that wait behind those, in bytes. The next is refused with `overloaded`. */
export const PUBLISHING_QUEUE_BYTES_MAX = 64 * MiB;

/**
 * The time after which a message that the leader has not answered is given up. The error that its publisher gets says
 * what is known of the message.
 */
export const PUBLISH_TIMEOUT_MS = 10_000;

/** Channels and patterns of one subscription. Every message is matched against all of them. */
export const SUBSCRIPTION_NAMES_MAX = 1_024;

/** The length of a pattern: with a key of 64 KiB some 20 ms of work that blocks all other work. */
export const PATTERN_BYTES_MAX = 4 * KiB;

/** All patterns of one subscription, in bytes. Compiled patterns take 32 times as much. */
export const SUBSCRIPTION_PATTERN_BYTES_MAX = 32 * KiB;

/** Steps of a few nanoseconds in one turn of the event loop: about a millisecond. */
export const TURN_STEPS_MAX = 256 * 1024;

/**
 * Steps of one operation or transaction beyond reading its values and writing its result: counted bits, combined bytes,
 * compared cells. The node does nothing else meanwhile (measured: 110 ms for a transaction of as many).
 */
export const OPERATION_STEPS_MAX = 32 * MiB;

/** How often subscriptions and watches report their progress, whether or not anything has happened. */
export const PROGRESS_INTERVAL_MS = 1_000;

/** How often a stream with no item ready gives a sign of life, so that its reader knows that the node works on it. */
export const SIGN_OF_LIFE_MS = 1_000;

/**
 * The silence, without an item or a sign of life, after which a client takes a stream for dead. The client begins the
 * stream again elsewhere.
 */
export const STREAM_SILENCE_MS_MAX = 8_000;

/**
 * The time that a follower gets to learn of a history that a resumed stream names and the follower does not know yet.
 * Several heartbeats fit into it. The time differs from the silence after which clients leave.
 */
export const RESUME_WAIT_MS_MAX = 5_000;

/** Bytes that a cursor reads from disk at a time. */
export const CURSOR_READ_BYTES = 256 * KiB;

/**
 * The step of the background check of the log, and the pause after it, so that the check never competes with writes.
 */
export const SCRUB_STEP_BYTES = MiB;
export const SCRUB_PAUSE_MS = 10;

/**
 * The size of LevelDB's table files in the log. LevelDB rewrites up to ten times as much for a file whose keys overlap
 * the next level, before it cuts that file in two. A file with deletions and new blocks overlaps all of the log. With
 * 32 MiB, a log of 64 MiB was rewritten whole for each 10 MiB.
 */
export const LOG_FILE_BYTES = 2 * MiB;

/** The size of a segment in which the log's size is measured. The segments are larger if there would be too many. */
export const WEIGHT_SEGMENT_BYTES = 64 * KiB;
export const WEIGHT_SEGMENTS_MAX = 16 * 1024;

/**
 * Log that is kept for readers that are behind, connected or away. Beyond it the place of the furthest behind is
 * released. The bound must exceed what is written during the longest full resync, or that would begin again for ever.
 */
export const LOG_RETENTION_PIN_BYTES = 8 * 1024 * MiB;

/** How often the log is compared with that bound; the bytes of one step of trimming, and the pause after it. */
export const RETENTION_INTERVAL_MS = 1_000;
export const RETENTION_STEP_BYTES = 8 * MiB;
export const RETENTION_PAUSE_MS = 10;

/**
 * The excess of the log's size and age over their bounds, as a part and at most, before the log is trimmed. Each time
 * that LevelDB has to free space it rewrites a part of a file, and at most ten files' worth of LOG_FILE_BYTES.
 */
export const RETENTION_SLACK_PART = 1 / 16;
export const RETENTION_SLACK_BYTES_MAX = 64 * MiB;
export const RETENTION_SLACK_MS_MAX = 60_000;

/**
 * Bytes that LevelDB has to free at a time: writes wait while it deletes the files, about 0.5 ms a MiB. The step is
 * larger if more is written meanwhile.
 */
export const RETENTION_RECLAIM_BYTES = 32 * MiB;
export const RETENTION_RECLAIM_BYTES_MAX = 256 * MiB;

/** The window over which the rate of appends is taken, and the interval of its samples. */
export const RATE_WINDOW_MS = 60_000;
export const RATE_SAMPLE_MS = 1_000;

/** The headroom below which the operator is warned of a follower: a time, and a part of the log that is kept for it. */
export const HEADROOM_WARNING_MS = 10 * 60 * 1_000;
export const HEADROOM_WARNING_PART = 0.2;

/** How long a comparison waits for the last node by default: digests read everything. */
export const COMPARE_TIMEOUT_MS = 5 * 60 * 1_000;

/** Concurrent comparisons. Each freezes the keyspace of every node once. */
export const COMPARISONS_MAX = 8;

/**
 * The time for which a node holds a frozen keyspace after the last request about it, and the number of keyspaces held.
 */
export const MARK_HOLD_MS = 30_000;
export const MARKS_HELD_MAX = 2;

/** Concurrent calls for digests or records of key ranges, and ranges in one call. */
export const RANGE_CALLS_MAX = 8;
export const RANGES_IN_CALL_MAX = 1_024;
/** Bytes of keys that a client puts into one call: less than a message holds. */
export const RANGES_CALL_BYTES = 4 * MiB;

/**
 * The number of pieces into which a range that differs is cut, and the most keys of a range that is compared key by
 * key.
 */
export const BISECTION_FAN_OUT = 16;
export const BISECTION_LEAF_KEYS = 64;
/** Ranges that differ and are reported one by one, in key order. */
export const DIFFERENCES_MAX = 1_000;
/** Bytes of keys that a search for differences keeps. */
export const DIFFERENCES_BYTES_MAX = 16 * MiB;

/** Records that a repair puts in place in one step, which is one batch on disk. */
export const REPAIR_STEP_KEYS = 16 * 1024;
export const REPAIR_STEP_BYTES = 8 * MiB;
/** The time that a follower that repairs itself waits for the mark of a step, behind the blocks that it lacks. */
export const REPAIR_MARK_MS_MAX = 60_000;
/** The time that the follower waits for the next of the correct records, with its checkpoints held back. */
export const REPAIR_HOLD_MS_MAX = 10_000;

/** Layers being written out. If the next layer is full before that is done, the writer waits. */
export const FROZEN_LAYERS_MAX = 1;
/** Memory of the layer at which a replay without a node writes it out: a restore from an archive, and a rebuild. */
export const OFFLINE_LAYER_BYTES_MAX = 32 * MiB;

/** Entries written to the keyspace in one batch of a checkpoint. */
export const FLUSH_CHUNK_ENTRIES = 256;
export const FLUSH_CHUNK_BYTES = 512 * KiB;

/**
 * Rows read from the keyspace at a time. A group begins small, since the sizes of values are unknown, and grows while
 * it stays below READ_GROUP_BYTES. A group of 256 small rows takes a fraction of a millisecond of the event loop.
 * Larger groups were measured to be no faster.
 */
export const READ_GROUP_KEYS_FIRST = 8;
export const READ_GROUP_KEYS_MAX = 256;
export const READ_GROUP_BYTES = MiB;

/**
 * Keys in memory, and their bytes, that a count of all keys looks up on disk at the most, in place of a checkpoint. A
 * look at 4,096 keys takes some milliseconds, most of them off the event loop.
 */
export const COUNTED_KEYS_MAX = 4_096;
export const COUNTED_KEY_BYTES_MAX = MiB;
/** Keys of a layer in memory that an estimate looks up on disk. The estimate is right to about 3 % of these keys. */
export const SAMPLED_KEYS_MAX = 1_024;
/** How long a status or INFO waits for a count or an estimate at the most. */
export const COUNTING_MS_MAX = 100;

/** Records of one group, if there are several, in memory at once at the worst. */
export const READ_GROUP_BYTES_MAX = 32 * MiB;
/** Larger records are kept by key, so that a group of others may have all its keys. */
export const SMALL_RECORD_BYTES = READ_GROUP_BYTES_MAX / READ_GROUP_KEYS_MAX;
/** Large records kept by key, in number and in bytes of their keys. A checkpoint writes all of them. */
export const LARGE_RECORDS_MAX = 1024;
export const LARGE_RECORD_NAMES_BYTES_MAX = 64 * KiB;

/**
 * The table of a longest common subsequence: a bit for each pair of bytes of two values. Two values of 8 KiB fill the
 * table. Filling it takes 15 to 30 ms, in which the node does nothing else (measured), and 8 MiB of memory.
 */
export const SUBSEQUENCE_CELLS_MAX = 64 * MiB;

/** Values read from disk that one operation, or the operations of one block, may have in memory at once. */
export const READ_BYTES_MAX = 64 * MiB;

/**
 * Keys sorted at a time in a flush: about 0.3 ms. A write takes several turns of the event loop, and may wait for one
 * such step in each. With eight times as many, the slowest of 5,000 writes a second took 30 ms at the beginning of a
 * flush.
 */
export const SORT_RUN_ENTRIES = 512;
/** Bytes of keys sorted at a time, for long keys: a comparison of two that begin alike reads all of them. */
export const SORT_RUN_BYTES = MiB;

/**
 * Entries of memory that a scan may lay over the disk, and their bytes: the scan copies them in one turn of the event
 * loop. A scan of a range of which memory holds more waits for a checkpoint.
 */
export const SCAN_LAID_ENTRIES_MAX = 1_024;
export const SCAN_LAID_BYTES_MAX = MiB;

/** Runs of keys that are sorted for scans in one turn of the event loop, and the turns that a scan waits for them. */
export const SCAN_SORT_RUNS = 4;
export const SCAN_SORT_TURNS_MAX = 2_000;

/**
 * Snapshots that the scans of Redis clients hold, and the time after which one is released that nobody reads: it keeps
 * deleted records on disk. A scan without its snapshot goes on with another one, from the same key on.
 */
export const REDIS_SCAN_SNAPSHOTS_MAX = 32;
export const REDIS_SCAN_SNAPSHOT_MS_MAX = 60_000;
/** Cursors of these scans that are kept, and the bytes of their keys. The next one replaces the oldest. */
export const REDIS_SCAN_CURSORS_MAX = 8 * 1024;
export const REDIS_SCAN_CURSOR_BYTES_MAX = 4 * MiB;

/** The size of a piece of the disk from which a key is taken at random, and the most keys of it. */
export const RANDOM_PIECE_BYTES = 6 * KiB;
export const RANDOM_ROWS_COUNTED_MAX = 1_024;
/** Results about ranges of the disk that are kept for the next keys at random, of each kind: 2 MB if keys are short. */
export const RANDOM_RESULTS_MAX = 4_096;
/** How often LevelDB writes its memory out for keys at random: newer rows come too seldom until then. */
export const RANDOM_ROWS_FRESH_MS = 10_000;
/** Draws for one key at random. Many fail if most keys were deleted or have expired lately. */
export const RANDOM_ATTEMPTS_MAX = 32;

/** Bytes of keys that one step of a sweep deletes: 2,000 keys of 64 KiB would be 125 MB, twice in memory. */
export const SWEEP_BYTES = MiB;

/**
 * Records deleted after a `clear` whose space is reclaimed in one piece: LevelDB cannot be closed in the middle of it.
 */
export const COMPACTION_RECORDS_MAX = 64 * 1024;
/** The size of what LevelDB rewrites in one piece, about. */
export const COMPACTION_BYTES_MAX = 32 * MiB;

/**
 * Ranges of keys in which deletions are counted, and the count at which a range is looked at. An iterator walks over
 * that many in 1 ms.
 */
export const EMPTIED_RANGES_MAX = 64;
export const EMPTIED_RANGE_MARKS_MIN = 4 * 1024;

/** Keys remembered as being on disk, in number and in bytes: enough for a hot set. */
export const RECENT_KEYS_MAX = 128 * 1024;
export const RECENT_KEYS_BYTES_MAX = 16 * MiB;

/**
 * Prints of keys are collected again once there are so many, and so many for each record on disk: most are of deleted keys
 * then. A pass reads each record, which costs little beside the writes that made so many prints.
 */
export const STALE_PRINTS_MIN = 4 * 1024 * 1024;
export const STALE_PRINTS_FACTOR = 8;
/** Rows of prints deleted at a time, and read at a time: most rows have 256 prints, and 16 of them take 0.5 ms. */
export const PRINT_ROWS_STEP = 256;
export const PRINT_ROWS_READ = 16;

/** The largest record that the cache of reads keeps, with its key: the look-up is a small part of a larger one's price. */
export const CACHED_RECORD_BYTES_MAX = 16 * KiB;

/** Callers that ask for a snapshot share one younger than this. */
export const SNAPSHOT_SHARE_MS = 1_000;

/**
 * The time after which a snapshot that nobody reads is abandoned. Otherwise it would keep LevelDB from dropping old
 * values for ever.
 */
export const SNAPSHOT_UNREAD_MS_MAX = 60 * 60 * 1_000;

/**
 * Keys that a leader's expiry deletes in one step, which is an item of the writer: writes wait for one step at the
 * most. Keys that were due long ago are deleted in larger steps, up to as many as a block holds. Each block of writes
 * is then followed by one of deletions, so the backlog cannot grow.
 */
export const EXPIRY_STEP_KEYS = 512;
export const EXPIRY_INTERVAL_MS = 100;
/** The step doubles for each further such time by which the deletions are late. */
export const EXPIRY_PATIENCE_MS = 2_000;
/** The delay of deletions that is worth a warning. */
export const EXPIRY_LATE_MS = 15_000;

/** How often the log's clock is compared with the machine's, and the difference that is worth a warning. */
export const CLOCK_LOOK_MS = 5_000;
export const CLOCK_GAP_MS = 60_000;

/**
 * Rows of the index of due keys that one scan reads: a count, and bytes. The same bytes bound the keys that are taken
 * from memory.
 */
export const DUE_SCAN_ROWS = 8 * 1024;
export const DUE_SCAN_BYTES = MiB;

/** How often a follower looks for rows to drop while there are due ones, and while there are none. */
export const SWEEP_INTERVAL_MS = 1_000;
export const SWEEP_IDLE_MS = 5_000;

/** Rows dropped before LevelDB is made to compact their deletion marks away. */
export const DUE_COMPACTION_ROWS_MIN = 16 * 1024;

/** How often heartbeats and acknowledgements are sent, and the silence after which a link is dead. */
export const HEARTBEAT_INTERVAL_MS = 1_000;
export const LINK_TIMEOUT_MS = 5_000;

/** The least number of heartbeats in the link timeout, so that silence means something. */
export const HEARTBEATS_IN_TIMEOUT_MIN = 3;

/** With a least number of followers: the replica lag up to which a follower counts. */
export const MAX_LAG_MS = 10_000;

/** Full resyncs that a node sends at once. The next follower waits until one of them is sent. */
export const FULL_RESYNCS_MAX = 2;

/** Followers that a node names to one that waits for a full resync, and that may send the snapshot in its place. */
export const RESYNC_SOURCES_MAX = 3;

/** After a snapshot that another follower did not send, the link waits at its upstream for so long. */
export const DETOUR_PAUSE_MS = 10_000;

/** Reports of nodes below in one acknowledgement, those furthest along first: some 50 KB with names of usual length. */
export const NODE_REPORTS_MAX = 256;

/**
 * Characters of the name that a peer gives for a node, an address or a mark. The longest host name and a port fit, and
 * more than any ID.
 */
export const NAME_CHARACTERS_MAX = 300;

/**
 * Spans of writes and their times, for the replica lag of a follower that is far behind: some 40 KB. No span is wider
 * than 6 % of its age within a year. The interval is the least time between two samples of the end of the log.
 */
export const WRITE_TIMES_MAX = 1_024;
export const WRITE_TIMES_INTERVAL_MS = 20;

/** The interval of acknowledgements after batches, if nobody asked for one at once. */
export const ACKNOWLEDGE_INTERVAL_MS = 20;

/** The longest time that a coordinated failover pauses writes, unless its caller says otherwise. */
export const FAILOVER_MS_MAX = 5_000;

/**
 * A leader that may have lost its tail waits for blocks on their way from a follower that is ahead: so many bytes in
 * --ask-followers-timeout. Heartbeats are fewer.
 */
export const ASK_PROGRESS_BYTES = 4 * KiB;

/** How often the list of known followers is saved, if it has changed. */
export const KNOWN_FOLLOWERS_SAVE_MS = 5_000;

/** Followers that a directory remembers: those seen last. */
export const KNOWN_FOLLOWERS_MAX = 64;

/** Grants of leadership whose answer a node remembers: the newest. A peer may ask about one of them again. */
export const GRANTS_KEPT_MAX = 16;

/** How often a state that lasts is logged. */
export const REPEATED_STATE_MS = 60 * 60 * 1_000;
/** How often a state that comes and goes is logged in that time. */
export const REPEATED_PER_HOUR_MAX = 4;
/** States, and subjects, that a log remembers, and characters of each state. */
export const REPEATED_STATES_MAX = 128;
export const REPEATED_CHARACTERS_MAX = 300;

/** Waits between attempts to reach the upstream: doubling, with jitter. */
export const RECONNECT_MS_MIN = 50;
export const RECONNECT_MS_MAX = 2_000;

/** Waits between attempts to reopen a store after a failed write: the disk may be full, or gone for a moment. */
export const REOPEN_MS_MIN = 200;
export const REOPEN_MS_MAX = 2_000;
/** The time after a reopening within which another failure makes the next reopening slower. */
export const REOPENED_SOUND_MS = 10_000;

/** The interval of `--fsync everysec`. */
export const FSYNC_INTERVAL_MS = 1_000;

/** The time that pending calls get to finish at a stop. */
export const DRAIN_MS_MAX = 5_000;

/** The least time for pending calls, and for the checkpoint of a stop, however short --shutdown-timeout is. */
export const STOP_STEP_MS_MIN = 1_000;

/**
 * After that, connections are closed. A peer whose machine stands still never acknowledges the close, and is not waited
 * for.
 */
export const STOP_HANG_UP_MS_MAX = 500;

/** The longest delay of a timer of Node; a timer with a longer one fires at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * The timeout of a client's command: longer than a full queue takes to be refused, so that the client gets the reason.
 */
export const CALL_TIMEOUT_MS = 15_000;

/** The time in which a follower that forwards a write finds the leader and gets its answer. Clients wait 5 to 10 s. */
export const RELAY_TIMEOUT_MS = 5_000;

/**
 * A command with more than CALL_SMALL_BYTES gets one millisecond more for each CALL_BYTES_PER_MS, 4 s a MiB. A slower
 * link, below 2 Mbit a second, is no link for large values; a call over one sets its own timeout.
 */
export const CALL_SMALL_BYTES = 64 * KiB;
export const CALL_BYTES_PER_MS = 256;

/** Commands that ended while they waited in a client's queue, before they are taken out of it: a few shells. */
export const QUEUE_ENDED_MIN = 64;

/** The timeout of one attempt of a client to reach an address, after which the client tries the next. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** Commands that wait in a client while it has no connection, in bytes. */
export const OFFLINE_QUEUE_BYTES_MAX = 64 * MiB;

/**
 * Commands that a client puts into one message before the next begins: the node works on the first while the second is
 * made.
 */
export const BATCH_BYTES_TARGET = 256 * KiB;

/** Redirects from one follower to the next before the client gives up and the command fails. */
export const REDIRECTS_MAX = 5;

/**
 * How often a client tries a command that may be repeated. With the waits below, the attempts last for about the time of
 * a call.
 */
export const CLIENT_ATTEMPTS = 20;

/** A client's waits between two attempts, or two rounds over all addresses: doubling, with jitter. */
export const CLIENT_RECONNECT_MS_MIN = 25;
export const CLIENT_RECONNECT_MS_MAX = 2_000;

/** The time that pending commands get to finish when a client closes. */
export const CLOSE_MS_MAX = 5_000;

/** How long a node gets to acknowledge that a client's stream ends. */
export const HANG_UP_MS_MAX = 500;

/** Followers that a write can be made to wait for. */
export const DURABILITY_FOLLOWERS_MAX = 1_000;

/** How long a write waits for its durability: the default and the maximum. The stream's later answers wait with it. */
export const DURABILITY_TIMEOUT_MS = 5_000;
export const DURABILITY_TIMEOUT_MS_MAX = 60_000;

/**
 * How long a read waits on a node that is less fresh than it asks. A client waits longer, so that it gets the reason.
 */
export const FRESH_WITHIN_MS_MAX = 10_000;

/**
 * Messages of one pipeline stream that arrive behind one that waits for freshness, in bytes. The messages behind them
 * stay with the client, and their time does not run yet.
 */
export const FRESH_WAIT_BYTES_MAX = 256 * KiB;

/** The margin by which a call is refused before its deadline, so that the refusal arrives in time. */
export const FRESH_MARGIN_MS = 50;

/** How long a client's read waits on a follower that is too stale before the client asks the leader. */
export const NEAREST_FRESH_WITHIN_MS = 200;

/** How long a client's read waits for its nearest node, half of its time at most, before the client asks the leader. */
export const NEAREST_ANSWER_MS_MAX = 1_000;

/**
 * How long a client with several addresses waits at first for word of a leader among them other than the node that
 * answers.
 */
export const LEADER_LOOK_MS = 250;

/**
 * The silence of a node, with commands on their way, after which a client asks its other addresses for a leader. Then the
 * waits between two such looks.
 */
export const SILENCE_LOOK_MS = 1_000;
export const SILENCE_LOOK_AGAIN_MS_MAX = 2_000;

/**
 * The longest wait between two searches while commands wait for a leader. A failover seems so much longer to the client.
 */
export const LEADER_MISSED_MS_MAX = 750;

/** The wait after a search that found no leader before a client searches again; twice as long each time. */
export const LEADER_SEARCH_MS_MIN = 500;
export const LEADER_SEARCH_MS_MAX = 30_000;

/**
 * The step in which a client's read waits at its node for freshness; the client asks again after each. Answers come in
 * order, so the reads behind it wait one step.
 */
export const FRESH_STEP_MS = 200;

/** How long a client avoids a follower that was too stale. */
export const NEAREST_AVOID_MS = 1_000;

/** How often a client looks which node is nearest, and how long a node may take to answer that. */
export const NEAREST_REFRESH_MS = 30_000;
export const NEAREST_PROBE_MS = 1_000;

/**
 * The bytes of entries in a chunk of a backup, about, which are compressed together. Larger chunks compress no better,
 * and each end holds a few of them.
 */
export const BACKUP_CHUNK_BYTES = MiB;

/** The largest chunk, whatever its entry: the entry fitted into a block. */
export const BACKUP_CHUNK_BYTES_MAX = BLOCK_BYTES_CEILING + MiB;

/** The part of a chunk in one message: only the largest chunks take several. */
export const BACKUP_MESSAGE_BYTES = 2 * MiB;

/** Chunks of a backup that one call sends, and that a node keeps until they have arrived. */
export const BACKUP_WINDOW_CHUNKS = 16;
/** The same in bytes, for large chunks. */
export const BACKUP_WINDOW_BYTES = 16 * MiB;

/** The time after which a backup of which nobody has taken anything is given up. */
export const BACKUP_LEASE_MS = 60_000;

/** Tables that LevelDB keeps open of one database: its own default. */
const OPEN_TABLES_OF_DATABASE = 1_000;

/** Clients and followers that a node is to have room for. */
export const CONNECTIONS_EXPECTED = 1_000;

/** Files and connections that the process wants: two databases, those connections, and 256 for all else. */
export const DESCRIPTORS_WANTED = 2 * OPEN_TABLES_OF_DATABASE + CONNECTIONS_EXPECTED + 256;

/**
 * Connections that a node accepts beyond those of clients, for replication and administration: the followers of a node
 * and several operators. A node with few descriptors reserves this part of its connections.
 */
export const RESERVED_CONNECTIONS = 64;
export const RESERVED_CONNECTIONS_PART = 1 / 4;

/**
 * The longest time from the accept of a connection until its first bytes show the protocol. Pools of clients open
 * connections ahead, and some send the first command (`PING`) only after 30 seconds.
 */
export const FIRST_BYTES_MS_MAX = 60_000;

/** The time that a connection has to sign in, if the node has users. */
export const SIGN_IN_MS_MAX = 10_000;

/** A connection that was silent, or has not signed in, for so long gives its place to another, if there are no others. */
export const SILENT_YIELD_MS_MIN = 1_000;

/** How often a node looks whether the files of its certificates have changed. A look is a stat of each. */
export const TLS_LOOK_MS = 1_000;

/** The days before the end of a certificate from which on the node warns of it, and the time between two warnings. */
export const TLS_EXPIRY_WARNED_DAYS = 30;
export const TLS_WARN_AGAIN_MS = 24 * 3_600_000;

/** The time that a client of the Redis protocol gets to hang up after the last reply, or after a refusal. */
export const REFUSED_HANG_UP_MS_MAX = 1_000;

/** Connections that the system accepts before the node does: clients that all come at once. Linux has 4,096 at most. */
export const LISTEN_BACKLOG = 4_096;

/** The silence of a connection after which TCP asks whether the peer is still there. Redis waits as long. */
export const TCP_KEEPALIVE_MS = 5 * 60_000;

/**
 * LevelDB's tables that a backup keeps open: up to about 128 GiB. Beyond that, a backup reads through LevelDB, more
 * slowly.
 */
export const OPEN_TABLES_MAX = 16_384;

/** Concurrent backups of one node. */
export const BACKUPS_MAX = 4;

/**
 * The time after which a backup of which nobody has taken anything gives up its place to a new one, if no place is
 * free.
 */
export const BACKUP_LEFT_MS = 5_000;

/** The bytes of blocks at which a file of the archive is closed. */
export const ARCHIVE_STRETCH_BYTES = 16 * MiB;
/** Bytes read from the log at a time, for the archive. */
export const ARCHIVE_BATCH_BYTES = MiB;
/** The free space that a new file of the archive needs: as much as it may take. */
export const ARCHIVE_FREE_BYTES_MIN = ARCHIVE_STRETCH_BYTES + ARCHIVE_BATCH_BYTES;
/** The wait before an archive that cannot be written is tried again, twice as long each time. */
export const ARCHIVE_RETRY_MS_MIN = 1_000;
export const ARCHIVE_RETRY_MS_MAX = 60_000;

/** An archive that lacks a write for so many intervals is late. */
export const ARCHIVE_LATE_INTERVALS = 3;
/** A node that follows an archive looks for new files so often in an interval, and at least as often as this. */
export const ARCHIVE_LOOKS = 6;
export const ARCHIVE_LOOK_MS_MAX = 10_000;
/** The bytes of blocks of an archive that a node takes at once. */
export const ARCHIVE_FRAME_BYTES = MiB;
/** How often a node looks how old the newest backup beside its archive is. */
export const BACKUPS_LOOK_MS = 60_000;
/**
 * A large object goes to a bucket in parts of so many bytes, a few at the same time: some providers take no more than
 * two. An object has at most 10,000 parts, so a backup may have 117 GiB. Some five parts are in memory.
 */
export const BUCKET_PART_BYTES = 12 * MiB;
export const BUCKET_PARTS_TOGETHER = 2;
/**
 * Attempts of each request to a bucket, and the wait between two, twice as long each time. The waits are less than a
 * minute in all. A provider that never answers holds up a request for some minutes.
 */
export const BUCKET_ATTEMPTS = 10;
export const BUCKET_RETRY_MS_MIN = 100;
export const BUCKET_RETRY_MS_MAX = 20_000;
/** An upload that was begun so long ago, and is not finished, has no writer any more. */
export const UPLOAD_MS_MAX = 86_400_000;
/** The time to connect to a bucket, and the silence after which a request is tried again. */
export const BUCKET_CONNECT_MS_MAX = 5_000;
export const BUCKET_SILENCE_MS_MAX = 30_000;

/** The default speed of a check of a running node: what a disk gives beside its writers. */
export const CHECK_BYTES_PER_SECOND = 50 * MiB;
/** How often a check reports its progress. */
export const CHECK_PROGRESS_MS = 1_000;
/** Blocks for another node's repair in one message; larger blocks take several. */
export const FETCH_MESSAGE_BYTES = MiB;
/** The wait before a node retries a failed repair of itself, twice as long each time. */
export const REPAIR_RETRY_MS_MIN = 5_000;
export const REPAIR_RETRY_MS_MAX = 10 * 60_000;

/** How often the free disk space is read, and after how many written bytes at the soonest if little is left. */
export const SPACE_LOOK_MS = 1_000;
export const SPACE_LOOK_BYTES_MIN = MiB;

/**
 * The part by which free space must exceed that bound before the node accepts writes again: less would be used up
 * before anybody noticed.
 */
export const FREE_BYTES_RESUME_PART = 1 / 8;

/**
 * The most that opening writes: each database's log files, up to two write buffers each, become tables before they are
 * deleted.
 */
export const OPENING_BYTES = 48 * MiB;

/** Bytes that LevelDB may write for a flush beside its entries: two write buffers of the keyspace. */
export const FLUSH_SPARE_BYTES = 16 * MiB;

/** Bytes written for each byte of a layer that is flushed: one to LevelDB's log, and one to a table. */
export const FLUSH_BYTES_FACTOR = 2;

/** Trimming and sweeping write a little before they free much. */
export const FREEING_BYTES = MiB;

/**
 * The ballast, a file that is deleted if the store has to be opened on a full disk. The size is enough for that, and
 * for the tables' own rows.
 */
export const BALLAST_BYTES = 64 * MiB;
/** The ballast is written a while after the start, a piece at a time, so that it does not slow other work. */
export const BALLAST_DELAY_MS = 3_000;
export const BALLAST_PIECE_BYTES = 256 * KiB;
export const BALLAST_PAUSE_MS = 10;
/** The wait before a ballast that found no room is tried again. */
export const BALLAST_RETRY_MS = 10_000;

/** The wait of a block for the disk that is worth a warning. The warning ends after a time without such a wait. */
export const WRITE_WAIT_MS_MIN = 1_000;
export const WRITE_WAIT_OVER_MS = 10_000;

/** The wait before a flush that has no room is tried again. */
export const FLUSH_RETRY_MS = 1_000;

/**
 * The wait before a flush for which the disk could not be read is tried again, twice as long each time. Each attempt
 * writes everything again.
 */
export const FLUSH_UNREADABLE_MS_MIN = 1_000;
export const FLUSH_UNREADABLE_MS_MAX = 60_000;

/**
 * The wait before the keys are counted again, if the disk could not give their number. The wait is at least this time,
 * and this many times the duration of the count.
 */
export const RECOUNT_PAUSE_MS_MIN = 5_000;
export const RECOUNT_PAUSE_FACTOR = 10;

/**
 * The wait before a full resync that found no room is tried again, twice as long each time. Each costs the upstream a
 * checkpoint.
 */
export const RESYNC_NO_ROOM_MS_MIN = 2_000;
export const RESYNC_NO_ROOM_MS_MAX = 60_000;

/** A step that finds no descriptor left is tried again at this interval, for this time in all. */
export const DESCRIPTORS_RETRY_MS = 100;
export const DESCRIPTORS_WAIT_MS = 5_000;

/**
 * Bytes that a subscriber or a monitor of the Redis protocol may leave unread: at any moment, and for longer than a
 * time. Beyond them the node closes its connection. Redis has the same bounds for subscribers.
 */
export const PUSHED_BYTES_MAX = 32 * MiB;
export const PUSHED_SLOW_BYTES_MAX = 8 * MiB;
export const PUSHED_SLOW_MS_MAX = 60_000;

/**
 * Unread messages of all subscribers and monitors of the Redis protocol. A message counts once, however many connections
 * wait for it, and each wait costs a little. Beyond the bound the connections with the most unread bytes are closed,
 * until the part is left.
 */
export const PUSHED_TOTAL_BYTES_MAX = 256 * MiB;
export const PUSHED_LEFT_PART = 7 / 8;

/** The memory of a write to a socket that waits, beside its bytes. */
export const PUSHED_WRITE_COST_BYTES = 512;

/** Small messages to one connection leave as one buffer of at most so many bytes. */
export const PUSHED_JOINED_BYTES_MAX = 64 * KiB;

/** Connections that get their messages in one turn of the event loop: a write to a socket takes about 15 us. */
export const SENDS_IN_TURN_MAX = 512;

/**
 * Subscriptions of Redis clients: the memory of all, and the most for one connection. A subscription costs its name and
 * the places that refer to it.
 */
export const SUBSCRIPTIONS_BYTES_MAX = 256 * MiB;
export const SUBSCRIPTIONS_CONNECTION_BYTES_MAX = 64 * MiB;
export const SUBSCRIPTION_COST_BYTES = 256;

/** Different patterns of all Redis clients, since every message is matched against all: in number and in bytes. */
export const PATTERNS_MAX = 16 * 1024;
export const PATTERNS_BYTES_MAX = 512 * KiB;

/** The longest wait of a PUBLISH, behind the answer to it, until this node has delivered the message. */
export const DELIVERY_MS_MAX = 1_000;

/** The waits before the node begins the stream of its Redis subscribers again, twice as long each time. */
export const CHANNELS_RETRY_MS_MIN = 10;
export const CHANNELS_RETRY_MS_MAX = 1_000;

/**
 * The HTTP port: connections, the requests of one that are not answered, the bytes and headers of a request's head, the
 * time until the head is complete, the time that a connection may stay open between two requests, and the time in which
 * a peer neither sends nor reads. A scrape a minute keeps its connection.
 */
export const HTTP_CONNECTIONS_MAX = 64;
export const HTTP_REQUESTS_MAX = 64;
export const HTTP_HEAD_BYTES_MAX = 8 * KiB;
export const HTTP_HEADERS_MAX = 64;
export const HTTP_HEAD_MS_MAX = 5_000;
export const HTTP_IDLE_MS_MAX = 65_000;
export const HTTP_STANDSTILL_MS_MAX = 10_000;
/** The interval at which late heads are looked for. */
export const HTTP_LOOK_MS = 1_000;
/** The longest time for an answer, below the 10 s that Prometheus waits for a scrape. */
export const HTTP_ANSWER_MS_MAX = 5_000;
/** Scrapes within this time share one text, however many there are. */
export const SCRAPE_SHARED_MS = 1_000;
/** The interval at which a scrape looks at the disk: it counts the open descriptors and the lost writes. */
export const SCRAPE_DISK_MS = 5_000;
/** The browsers that may watch the status page at a time, and the interval at which the node sends them a picture. */
export const VIEWERS_MAX = 16;
export const PICTURE_EVERY_MS = 1_000;

/** Monitors of a node: each costs the memory of its queue, and the copies of all commands. */
export const MONITORS_MAX = 16;
/** Commands that wait for one monitor. Later ones are dropped and counted. */
export const MONITOR_QUEUE_BYTES_MAX = MiB;
/** The beginning of a key or value that a monitor shows. */
export const MONITOR_PARAMETER_BYTES_MAX = 64;
/** Parameters of one command that a monitor shows. */
export const MONITOR_PARAMETERS_MAX = 16;
/** Commands that arrive within this time go to a monitor in one message. */
export const MONITOR_GATHER_MS = 20;
/** An argument of a command, and the number of arguments, that a monitor of the Redis protocol shows. */
export const MONITOR_ARGUMENT_BYTES_MAX = 4 * KiB;
export const MONITOR_ARGUMENTS_MAX = 128;
/** An argument of a command, and the number of arguments, that the slow log keeps: those of Redis. */
export const SLOW_ARGUMENT_BYTES_MAX = 128;
export const SLOW_ARGUMENTS_MAX = 32;
/** The memory of the whole slow log, whatever its length is. The oldest commands leave first. */
export const SLOW_LOG_BYTES_MAX = 4 * MiB;

/** Users of a cluster, the characters of a name, and the prefixes of keys or channels of one user. */
export const USERS_MAX = 1_000;
export const USER_NAME_CHARACTERS_MAX = 128;
export const USER_PREFIXES_MAX = 64;
export const USER_PREFIX_BYTES_MAX = 256;
/** The secret of a user. The node draws longer ones than the least. */
export const SECRET_CHARACTERS_MIN = 8;
export const SECRET_CHARACTERS_MAX = 1_024;
/** Hashes of secrets that are made at a time, of 16 MiB each, and the callers that may wait for one. */
export const SECRET_CHECKS_MAX = 2;
export const SECRET_CHECKS_WAITING_MAX = 64;
/** The callers from one address that may wait. */
export const SECRET_CHECKS_OF_ADDRESS_WAITING_MAX = 4;
/** The time that a stream has to end in good order when its user is revoked. */
export const REVOKED_MS_MAX = 500;
/** Lines of the audit in a second, of refusals and of administration. The calls beyond are counted in one line each. */
export const AUDIT_LINES_MAX = 50;
/** An argument, and a request, of a Redis client that has to sign in first. */
export const UNSIGNED_ARGUMENT_BYTES_MAX = 16 * KiB;
export const UNSIGNED_REQUEST_BYTES_MAX = 64 * KiB;
/** Users whose writes a follower forwards over connections of their own. */
export const RELAY_LINES_MAX = 64;

/** An answer of etcd. etcd itself takes no request over 1.5 MiB. */
export const ETCD_MESSAGE_BYTES_MAX = 16 * MiB;
/** The waits before a watch on etcd is begun again, twice as long each time that no member serves it. */
export const ETCD_WATCH_RETRY_MS_MIN = 50;
export const ETCD_WATCH_RETRY_MS_MAX = 2_000;

/** An answer of the API server of Kubernetes. A Lease has at most 256 KiB of annotations. */
export const LEASE_ANSWER_BYTES_MAX = 1 * MiB;

/**
 * The longest wait before a node repeats a write of a Lease that another node has written meanwhile, twice as long each
 * time. The real waits are a part of it, by chance.
 */
export const CONFLICT_WAIT_MS_MIN = 50;
export const CONFLICT_WAIT_MS_MAX = 1_000;

/** A node that read the Lease longer ago than this reads it again before it writes. */
export const LEASE_RECENT_MS = 100;

/** How long a client waits for the nodes of its cluster, over all members of etcd. */
export const CLUSTER_ASK_MS = 2_000;
/** The waits of a client before it asks again for the nodes of its cluster, twice as long each time. */
export const CLUSTER_ASK_AGAIN_MS_MIN = 100;
export const CLUSTER_ASK_AGAIN_MS_MAX = 5_000;
/** How long a client is connected before it watches its cluster. Most commands of the command line are over by then. */
export const CLUSTER_WATCH_AFTER_MS = 1_000;
