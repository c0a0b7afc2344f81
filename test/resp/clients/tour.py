"""The tour of clients.test.ts with redis-py: one line for each step."""
import sys

import redis

client = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]))
other = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]))

client.set("greeting", b"h\x00i")
print("get", client.get("greeting"))

pipeline = client.pipeline(transaction=False)
for _ in range(1000):
    pipeline.incr("counter")
print("pipeline", pipeline.execute()[-1])

with client.pipeline() as transaction:
    transaction.watch("counter")
    seen = int(transaction.get("counter"))
    transaction.multi()
    transaction.set("counter", seen + 1)
    print("watch", transaction.execute()[0])

with client.pipeline() as transaction:
    transaction.watch("counter")
    other.incr("counter")
    transaction.multi()
    transaction.set("counter", 0)
    try:
        transaction.execute()
        print("conflict lost")
    except redis.WatchError:
        print("conflict", int(client.get("counter")))

client.setex("session:1", 60, "user=7")
print("session", client.get("session:1").decode(), 0 < client.ttl("session:1") <= 60, client.delete("session:1"))

allowed = 0
for _ in range(5):
    with client.pipeline() as window:
        window.set("limit:7", 0, px=60000, nx=True)
        window.incr("limit:7")
        allowed += window.execute()[1] <= 3
print("limiter", allowed)

lock = client.set("lock", "mine", nx=True, px=60000)
print("lock", lock, other.set("lock", "theirs", nx=True, px=60000), client.delete("lock"))

print("scan", len(set(client.scan_iter(match="*", count=2))))

subscriber = client.pubsub()
subscriber.subscribe("news")
subscriber.get_message(timeout=10)
other.publish("news", "hello")
print("message", subscriber.get_message(timeout=10)["data"].decode())

client.set("text", "a")
try:
    client.incr("text")
except redis.ResponseError as error:
    print("error", error)
