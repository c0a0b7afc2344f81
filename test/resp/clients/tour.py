"""The tour of clients.test.ts with redis-py, given the ports of a leader and its follower: a line for each step."""
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

subscribers = []
for port in sys.argv[1:]:
    subscriber = redis.Redis(host="127.0.0.1", port=int(port), decode_responses=True).pubsub()
    subscriber.subscribe("news")
    subscriber.psubscribe("we*")
    messages = subscriber.listen()
    subscribers.append([next(messages), next(messages), messages])
print("published", *[client.publish(*item) for item in (("news", "hello"), ("weather", "sun"), ("other", "nobody"))])
names = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), decode_responses=True)
print("subscribed", names.pubsub_channels("new*"), names.pubsub_numsub("news"), names.pubsub_numpat())
for *confirmations, messages in subscribers:
    for message in (*confirmations, next(messages), next(messages)):
        print(message["type"], message["pattern"], message["channel"], message["data"])

client.set("text", "a")
try:
    client.incr("text")
except redis.ResponseError as error:
    print("error", error)
