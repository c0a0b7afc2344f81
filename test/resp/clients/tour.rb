# The tour of clients.test.ts with redis-rb: one line for each step.
require "redis"

client = Redis.new(host: "127.0.0.1", port: Integer(ARGV[0]))
other = Redis.new(host: "127.0.0.1", port: Integer(ARGV[0]))

client.set("greeting", "h\x00i")
puts "get #{client.get("greeting").inspect}"

sums = client.pipelined { |pipeline| 1000.times { pipeline.incr("counter") } }
puts "pipeline #{sums.last}"

client.watch("counter") do
  seen = Integer(client.get("counter"))
  puts "watch #{client.multi { |transaction| transaction.set("counter", seen + 1) }.first}"
end

client.watch("counter") do
  other.incr("counter")
  done = client.multi { |transaction| transaction.set("counter", 0) }
  puts done ? "conflict lost" : "conflict #{client.get("counter")}"
end

client.setex("session:1", 60, "user=7")
puts "session #{client.get("session:1")} #{client.ttl("session:1").between?(1, 60)} #{client.del("session:1")}"

allowed = 5.times.count do
  client.multi do |window|
    window.set("limit:7", 0, px: 60_000, nx: true)
    window.incr("limit:7")
  end.last <= 3
end
puts "limiter #{allowed}"

lock = client.set("lock", "mine", nx: true, px: 60_000)
puts "lock #{lock} #{other.set("lock", "theirs", nx: true, px: 60_000)} #{client.del("lock")}"

puts "scan #{client.scan_each(match: "*", count: 2).to_a.uniq.size}"

client.subscribe("news") do |on|
  on.subscribe { other.publish("news", "hello") }
  on.message do |_, message|
    puts "message #{message}"
    client.unsubscribe
  end
end

client.set("text", "a")
begin
  client.incr("text")
rescue Redis::CommandError => error
  puts "error #{error.message}"
end
