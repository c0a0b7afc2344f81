#!/usr/bin/env bash
# A tour of Headwater with buf curl, which learns the services from the node itself (server reflection). For a node that
# does not answer reflection, add `--schema headwater.binpb`. In JSON, bytes are base64, and 64-bit numbers are text.
#
#     bash tour.sh 127.0.0.1:7420 backup.headwater
set -euo pipefail
address=$1 backup_file=$2

call() { # SERVICE/METHOD JSON
  buf curl --protocol grpc --http2-prior-knowledge --data "$2" "http://$address/headwater.v1.$1"
}
base64_of() { printf %s "$1" | base64 | tr -d '\n'; }
json() { # an expression about the JSON on stdin, which is called `it`
  node -pe "const it = JSON.parse(require('fs').readFileSync(0)); $1"
}
first() { # the first field of that name in a stream of messages, decoded
  grep --max-count 1 "\"$1\"" | sed 's/.*: *"\(.*\)".*/\1/' | base64 -d
}

# Set and get.
call KeyValueService/Set "{\"key\": \"$(base64_of greeting)\", \"value\": \"$(base64_of hello)\", \"ttlMs\": 60000}" > /dev/null
echo "get: $(call KeyValueService/Get "{\"key\": \"$(base64_of greeting)\"}" | json it.value | base64 -d)"

# The write survives a power cut of the leader.
synced='{"durability": {"level": "DURABILITY_LEVEL_SYNCED"}}'
set="{\"key\": \"$(base64_of order)\", \"value\": \"$(base64_of paid)\", \"guarantees\": $synced}"
echo "synced: $(call KeyValueService/Set "$set" | json it.assurance.reached.synced)"

# Takes a lock and counts, both or neither.
lock="{\"conditions\": [{\"key\": \"$(base64_of lock)\", \"absent\": {}}], \"operations\": [
  {\"set\": {\"key\": \"$(base64_of lock)\", \"value\": \"$(base64_of me)\"}},
  {\"increment\": {\"key\": \"$(base64_of locked)\"}}]}"
echo "transact: $(call KeyValueService/Transact "$lock" | json it.committed)"
echo "transact: failed condition $(call KeyValueService/Transact "$lock" | json it.failedCondition)"

# Watches from the start of the log. The stream has no end, so the script stops at the first change.
watch="{\"afterOffset\": 0, \"prefix\": \"$(base64_of order)\"}"
echo "watch: $(call StreamService/Watch "$watch" 2> /dev/null | first value || true)"

# Publishes a durable message, and subscribes from the position before it. An empty `guarantees` asks for the position.
before=$(call KeyValueService/Get '{"guarantees": {}}' | json 'JSON.stringify(it.assurance.position)')
publish="{\"channel\": \"$(base64_of news)\", \"data\": \"$(base64_of 'it rains')\", \"durable\": true}"
call StreamService/Publish "$publish" > /dev/null
subscribe="{\"channels\": [\"$(base64_of news)\"], \"after\": $before}"
echo "subscribe: $(call StreamService/Subscribe "$subscribe" 2> /dev/null | first data || true)"

# The backup of a small store is one call. The parts of the file follow each other.
call DiskService/Backup '{}' | sed -n 's/.*"bytes": *"\(.*\)".*/\1/p' | while read -r part; do
  printf %s "$part" | base64 -d
done > "$backup_file"
echo "backup: $(head -c 9 "$backup_file")"

# An error with its reason, for programs. The descriptor set of the package knows the message.
refused=$(call KeyValueService/Increment "{\"key\": \"$(base64_of greeting)\"}" 2>&1 || true)
descriptors=$(dirname "$0")/../headwater.binpb
reason=$(printf %s "$refused" | json 'it.details[0].value' | base64 -d |
  buf convert "$descriptors" --type headwater.v1.ErrorInfo --from -#format=binpb | json it.reason)
echo "refused: $(printf %s "$refused" | json it.code) $reason"
