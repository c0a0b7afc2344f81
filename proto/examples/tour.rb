# A tour of Headwater from Ruby. The generated files come from the .proto files (see proto/README.md).
#
#     ruby -I . tour.rb 127.0.0.1:7420 backup.headwater
require 'headwater/v1/disk_services_pb'
require 'headwater/v1/error_pb'
require 'headwater/v1/kv_services_pb'
require 'headwater/v1/stream_services_pb'

include Headwater::V1

address, backup_file = ARGV
SECONDS = 10 # the longest time that a call may take
STORE = KeyValueService::Stub.new(address, :this_channel_is_insecure, timeout: SECONDS)
STREAMS = StreamService::Stub.new(address, :this_channel_is_insecure)
DISK = DiskService::Stub.new(address, :this_channel_is_insecure)

def set_and_get
  STORE.set(SetRequest.new(key: 'greeting', value: 'hello', ttl_ms: 60_000))
  puts "get: #{STORE.get(GetRequest.new(key: 'greeting')).value}"
  puts STORE.get(GetRequest.new(key: 'nothing')).has_value? ? 'get: there is a value' : 'get: no such key'
end

# The write survives a power cut of the leader. The read sees that write, at any node.
def durable_and_fresh
  synced = Guarantees.new(durability: Durability.new(level: :DURABILITY_LEVEL_SYNCED))
  written = STORE.set(SetRequest.new(key: 'order', value: 'paid', guarantees: synced)).assurance
  puts "synced: #{written.reached.synced}"
  fresh = Guarantees.new(at_least: written.position)
  puts "order: #{STORE.get(GetRequest.new(key: 'order', guarantees: fresh)).value}"
end

# Takes a lock and counts, both or neither.
def transact
  lock = TransactRequest.new(
    conditions: [Condition.new(key: 'lock', absent: KeyAbsent.new)],
    operations: [
      Operation.new(set: SetRequest.new(key: 'lock', value: 'me')),
      Operation.new(increment: IncrementRequest.new(key: 'locked'))
    ]
  )
  first = STORE.transact(lock)
  puts "transact: #{first.committed} #{first.replies[1].increment.value}"
  puts "transact: #{STORE.transact(lock).committed}"
end

# The first response comes at once, and changes after it are seen. A response without events is a sign of life.
def first_event(call)
  responses = call.execute
  responses.next
  yield
  loop do
    event = responses.next.events.first
    return event if event
  end
ensure
  call.cancel
end

def watch
  call = STREAMS.watch(WatchRequest.new(prefix: 'user:'), return_op: true)
  put = first_event(call) { STORE.set(SetRequest.new(key: 'user:1', value: 'Ada')) }.put
  puts "watch: put #{put.key} #{put.value}"
end

def subscribe
  call = STREAMS.subscribe(SubscribeRequest.new(channels: ['news']), return_op: true)
  publish = PublishRequest.new(channel: 'news', data: 'it rains')
  message = first_event(call) { STREAMS.publish(publish) }.message
  puts "subscribe: #{message.channel} #{message.data}"
end

# Each call sends some chunks of the file. The next call names the chunk to continue with.
def backup(path)
  part = BackupResponse.new
  request = BackupRequest.new
  File.open(path, 'wb') do |file|
    until part.last && !part.more
      DISK.backup(request).each do |received|
        next if received.backup_id.empty? # a sign of life

        part = received
        file.write(part.bytes)
        request = BackupRequest.new(backup_id: part.backup_id, chunk: part.more ? part.chunk : part.chunk + 1)
      end
    end
  end
  DISK.backup(request).each {} # the node forgets the backup
  puts "backup: #{part.keys} keys"
end

# The reason of a refusal, for programs.
def reason_of(error)
  status = ErrorStatus.decode(error.metadata['grpc-status-details-bin'])
  ErrorInfo.decode(status.details.first.value).reason
end

def refusal
  STORE.increment(IncrementRequest.new(key: 'greeting'))
rescue GRPC::BadStatus => e
  puts "refused: #{e.class.name.split('::').last} #{reason_of(e)}"
end

set_and_get
durable_and_fresh
transact
watch
subscribe
backup(backup_file)
refusal
