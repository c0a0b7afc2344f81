<?php
// The tour of clients.test.ts with phpredis: one line for each step.
$client = new Redis();
$client->connect('127.0.0.1', (int) $argv[1]);
$other = new Redis();
$other->connect('127.0.0.1', (int) $argv[1]);

$client->set('greeting', "h\0i");
echo 'get ', json_encode($client->get('greeting')), "\n";

$pipeline = $client->multi(Redis::PIPELINE);
for ($i = 0; $i < 1000; $i++) {
    $pipeline->incr('counter');
}
$sums = $pipeline->exec();
echo 'pipeline ', end($sums), "\n";

$client->watch('counter');
$seen = (int) $client->get('counter');
echo 'watch ', json_encode($client->multi()->set('counter', $seen + 1)->exec()[0]), "\n";

$client->watch('counter');
$other->incr('counter');
$done = $client->multi()->set('counter', 0)->exec();
echo $done ? "conflict lost\n" : 'conflict ' . $client->get('counter') . "\n";

$client->setex('session:1', 60, 'user=7');
$ttl = $client->ttl('session:1');
echo 'session ', $client->get('session:1'), ' ', json_encode($ttl > 0 && $ttl <= 60), ' ', $client->del('session:1'), "\n";

$allowed = 0;
for ($i = 0; $i < 5; $i++) {
    $window = $client->multi()->set('limit:7', 0, ['nx', 'px' => 60000])->incr('limit:7')->exec();
    $allowed += $window[1] <= 3 ? 1 : 0;
}
echo 'limiter ', $allowed, "\n";

$lock = $client->set('lock', 'mine', ['nx', 'px' => 60000]);
$refused = $other->set('lock', 'theirs', ['nx', 'px' => 60000]);
echo 'lock ', json_encode([$lock, $refused, $client->del('lock')]), "\n";

$client->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$cursor = null;
$keys = [];
while ($found = $client->scan($cursor, '*', 2)) {
    $keys = array_merge($keys, $found);
}
echo 'scan ', count(array_unique($keys)), "\n";

$client->set('text', 'a');
$client->incr('text');
// phpredis 5 leaves a zero byte behind the text.
echo 'error ', rtrim($client->getLastError(), "\0"), "\n";
