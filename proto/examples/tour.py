"""A tour of Headwater from Python. The generated modules come from the .proto files (see proto/README.md).

    python3 tour.py 127.0.0.1:7420 backup.headwater
"""
import sys
import threading

import grpc
from headwater.v1 import disk_pb2, disk_pb2_grpc, error_pb2, kv_pb2, kv_pb2_grpc, stream_pb2, stream_pb2_grpc

SECONDS = 10  # the longest time that a call may take

address, backup_file = sys.argv[1:]
channel = grpc.insecure_channel(address)
store = kv_pb2_grpc.KeyValueServiceStub(channel)
streams = stream_pb2_grpc.StreamServiceStub(channel)
disk = disk_pb2_grpc.DiskServiceStub(channel)


def set_and_get():
    store.Set(kv_pb2.SetRequest(key=b"greeting", value=b"hello", ttl_ms=60_000), timeout=SECONDS)
    reply = store.Get(kv_pb2.GetRequest(key=b"greeting"), timeout=SECONDS)
    print("get:", reply.value.decode())
    missing = store.Get(kv_pb2.GetRequest(key=b"nothing"), timeout=SECONDS)
    print("get: there is a value" if missing.HasField("value") else "get: no such key")


def durable_and_fresh():
    """The write survives a power cut of the leader. The read sees that write, at any node."""
    synced = kv_pb2.Durability(level=kv_pb2.DURABILITY_LEVEL_SYNCED)
    request = kv_pb2.SetRequest(key=b"order", value=b"paid", guarantees=kv_pb2.Guarantees(durability=synced))
    written = store.Set(request, timeout=SECONDS).assurance
    print("synced:", written.reached.synced)
    fresh = kv_pb2.Guarantees(at_least=written.position)
    print("order:", store.Get(kv_pb2.GetRequest(key=b"order", guarantees=fresh), timeout=SECONDS).value.decode())


def transact():
    """Takes a lock and counts, both or neither."""
    lock = kv_pb2.TransactRequest(
        conditions=[kv_pb2.Condition(key=b"lock", absent=kv_pb2.KeyAbsent())],
        operations=[
            kv_pb2.Operation(set=kv_pb2.SetRequest(key=b"lock", value=b"me")),
            kv_pb2.Operation(increment=kv_pb2.IncrementRequest(key=b"locked")),
        ],
    )
    first = store.Transact(lock, timeout=SECONDS)
    print("transact:", first.committed, first.replies[1].increment.value)
    print("transact:", store.Transact(lock, timeout=SECONDS).committed)


def watch():
    """The first response comes at once, and changes after it are seen. A response without events is a sign of life."""
    call = streams.Watch(stream_pb2.WatchRequest(prefix=b"user:"))
    next(call)
    threading.Thread(target=store.Set, args=[kv_pb2.SetRequest(key=b"user:1", value=b"Ada")]).start()
    event = next(event for response in call for event in response.events)
    print("watch:", event.WhichOneof("event"), event.put.key.decode(), event.put.value.decode())
    call.cancel()


def subscribe():
    call = streams.Subscribe(stream_pb2.SubscribeRequest(channels=[b"news"]))
    next(call)
    streams.Publish(stream_pb2.PublishRequest(channel=b"news", data=b"it rains"), timeout=SECONDS)
    event = next(event for response in call for event in response.events)
    print("subscribe:", event.message.channel.decode(), event.message.data.decode())
    call.cancel()


def backup():
    """Each call sends some chunks of the file. The next call names the chunk to continue with."""
    backup_id, chunk, last = "", 0, False
    with open(backup_file, "wb") as file:
        while not last:
            for part in disk.Backup(disk_pb2.BackupRequest(backup_id=backup_id, chunk=chunk)):
                if not part.backup_id:
                    continue  # a sign of life
                backup_id = part.backup_id
                file.write(part.bytes)
                if not part.more:
                    chunk, last = part.chunk + 1, part.last
    for _ in disk.Backup(disk_pb2.BackupRequest(backup_id=backup_id, chunk=chunk)):
        pass  # the node forgets the backup
    print("backup:", part.keys, "keys")


def reason_of(error):
    """The reason of a refusal, for programs. The library grpc_status reads the same details."""
    for name, value in error.trailing_metadata():
        if name == "grpc-status-details-bin":
            info = error_pb2.ErrorInfo.FromString(error_pb2.ErrorStatus.FromString(value).details[0].value)
            return info.reason
    return None


def refusal():
    try:
        store.Increment(kv_pb2.IncrementRequest(key=b"greeting"), timeout=SECONDS)
    except grpc.RpcError as error:
        print("refused:", error.code().name, reason_of(error))


set_and_get()
durable_and_fresh()
transact()
watch()
subscribe()
backup()
refusal()
