/**
 * What a message asks beside its operations, on the wire: fields of pipeline
 * messages, and metadata of unary calls.
 */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import type { DurabilityWanted } from '../../src/model/durability.js';
import { formatDurability, parseDurability } from '../../src/model/durability.js';
import type { Guarantees } from '../../src/model/guarantees.js';
import { bothGuarantees, guaranteesMetadata, guaranteesOfMetadata, LEADER_ONLY } from '../../src/model/guarantees.js';
import type { OperationKind } from '../../src/model/operation.js';
import { formatToken, type Position, parseToken } from '../../src/model/position.js';
import { headwater } from '../../src/protobuf/generated.js';
import {
  decodePipelineRequest,
  decodePipelineResponse,
  encodePipelineRequest,
  encodePipelineResponse,
} from '../../src/protobuf/pipeline.js';
import { OPERATION_METHODS } from '../../src/rpc/definitions.js';

const { v1 } = headwater;

const POSITION: Position = {
  replicationId: '0123456789abcdef'.repeat(3).slice(0, 40),
  offset: 2 ** 40,
  checksum: 0xfe,
};
const GET = { operation: { kind: 'get', key: 'k' } } as const;

const ASKED: readonly Guarantees[] = [
  { durability: { level: 'appended', followers: 0, timeoutMs: 1 }, freshness: undefined },
  { durability: { level: 'synced', followers: 0, timeoutMs: 60_000 }, freshness: undefined },
  { durability: { level: 'followers', followers: 2, timeoutMs: 500 }, freshness: undefined },
  {
    durability: { level: 'followers_synced', followers: 1, timeoutMs: 500 },
    freshness: { atLeast: POSITION, maxStalenessMs: 1500, withinMs: 20 },
  },
  { durability: undefined, freshness: { atLeast: POSITION, maxStalenessMs: 0, withinMs: 0 } },
  { durability: undefined, freshness: { atLeast: undefined, maxStalenessMs: 7, withinMs: 0 } },
  {
    durability: undefined,
    freshness: { atLeast: POSITION, alsoAtLeast: { ...POSITION, offset: 5 }, maxStalenessMs: 0, withinMs: 0 },
  },
];

/** What a message is refused with whose guarantees are these. Its operations are read all the same. */
function refusal(asked: headwater.v1.Guarantees.$Properties): string {
  const message = v1.PipelineRequest.encode({ guarantees: asked, operations: [{ ping: {} }] }).finish();
  const { guarantees, operations } = decodePipelineRequest(message as Buffer);
  assert(guarantees instanceof HeadwaterError);
  assert.equal(guarantees.code, 'invalid_argument');
  assert.equal(operations.length, 1);
  return guarantees.message;
}

const id = Buffer.from(POSITION.replicationId, 'hex');

/** Requests of the kinds of which an empty message is refused. */
const LEAST: { readonly [K in OperationKind]?: Uint8Array } = {
  expire: v1.ExpireRequest.encode({ ttlMs: 5 }).finish(),
  bitOperation: v1.BitOperationRequest.encode({ operator: v1.BitOperator.BIT_OPERATOR_NOT }).finish(),
};

describe('guarantees on the wire', () => {
  it('survive in a pipeline, beside the operations', () => {
    for (const asked of ASKED) {
      const { operations, guarantees } = decodePipelineRequest(encodePipelineRequest([GET, GET], asked));
      assert.deepEqual(guarantees, asked);
      assert.equal(operations.length, 2);
    }
  });

  it('ask for the leader alone with four bytes', () => {
    const message = encodePipelineRequest([GET], LEADER_ONLY);
    assert.equal(message.length, encodePipelineRequest([GET]).length + 4);
    assert.equal(v1.PipelineRequest.decode(message).guarantees?.leaderOnly, true);
    assert.equal(decodePipelineRequest(message).guarantees, LEADER_ONLY);
    const both = { ...(ASKED[0] as Guarantees), leaderOnly: true };
    assert.deepEqual(decodePipelineRequest(encodePipelineRequest([GET], both)).guarantees, both);
    for (const asked of [LEADER_ONLY, both]) {
      const metadata = new Map(guaranteesMetadata(asked));
      assert.deepEqual(
        guaranteesOfMetadata((name) => metadata.get(name)),
        asked,
      );
    }
  });

  it('add no byte to a message that asks for none, and are undefined there', () => {
    const message = encodePipelineRequest([GET]);
    assert.deepEqual(message, v1.PipelineRequest.encode({ operations: [{ get: { key: Buffer.from('k') } }] }).finish());
    assert.equal(decodePipelineRequest(message).guarantees, undefined);
  });

  it('stand before the operations as well as behind, and beside fields of a newer version', () => {
    const fields = v1.PipelineRequest.encode({ guarantees: { maxStalenessMs: 5 } }).finish();
    const newer = Buffer.from([0x98, 0x06, 0x01]); // field 99
    for (const parts of [
      [newer, fields, encodePipelineRequest([GET])],
      [encodePipelineRequest([GET]), newer, fields],
    ]) {
      const { operations, guarantees } = decodePipelineRequest(Buffer.concat(parts));
      assert(guarantees && !(guarantees instanceof HeadwaterError));
      assert.equal(guarantees.freshness?.maxStalenessMs, 5);
      assert.equal(operations.length, 1);
    }
  });

  it('that cannot be are refused, naming what was expected and received', () => {
    const durability = { level: v1.DurabilityLevel.DURABILITY_LEVEL_FOLLOWERS, followers: 1, timeoutMs: 1 };
    assert.match(refusal({ durability: { ...durability, level: 0 } }), /level: expected .* 1 to 4, received 0/);
    assert.match(refusal({ durability: { ...durability, level: 9 as never } }), /received 9/);
    assert.match(refusal({ durability: { ...durability, followers: 0 } }), /1 to 1000 followers, received 0/);
    assert.match(refusal({ durability: { ...durability, timeoutMs: 60_001 } }), /received 60001/);
    assert.match(refusal({ durability: { ...durability, level: 2 } }), /synced with no followers, received 1/);
    assert.match(
      refusal({ atLeast: { replicationId: Buffer.from('short') } }),
      /expected a replication ID of 20 bytes, received 5/,
    );
    assert.match(refusal({ atLeast: { replicationId: id, offset: 2 ** 60 } }), /Position.offset: expected/);
  });

  it('have a default timeout', () => {
    const durability = { level: v1.DurabilityLevel.DURABILITY_LEVEL_SYNCED };
    const message = v1.PipelineRequest.encode({ guarantees: { durability } }).finish() as Buffer;
    const { guarantees } = decodePipelineRequest(message);
    assert.deepEqual(guarantees, {
      durability: { level: 'synced', followers: 0, timeoutMs: 5_000 },
      freshness: undefined,
    });
  });

  it('stand in the request of every operation, and the assurance in every response', () => {
    for (const [kind, { request, response }] of OPERATION_METHODS) {
      for (const guarantees of ASKED) {
        const bare = request.decode(Buffer.from(LEAST[kind] ?? []));
        assert.deepEqual(request.decode(request.encode({ ...bare, guarantees })), { ...bare, guarantees });
      }
      const reached = { reached: false, synced: true, followersAppended: 3, followersSynced: 2, unsyncedHere: true };
      const reply = { ...response.decode(Buffer.alloc(0)), assurance: { position: POSITION, reached } };
      assert.deepEqual(response.decode(response.encode(reply)), reply);
    }
  });

  it('are refused in an operation of a pipeline or of a transaction', () => {
    const guarantees = { maxStalenessMs: 5 };
    const get = { get: { key: Buffer.from('k'), guarantees } };
    for (const operation of [get, { transact: { operations: [get] } }, { transact: { guarantees } }]) {
      const message = v1.PipelineRequest.encode({ operations: [{ ping: {} }, operation] }).finish();
      const [first, second] = decodePipelineRequest(message as Buffer).operations;
      assert.equal(first?.kind, 'ping');
      assert(second?.kind === 'error');
      assert.match(second.error.message, /^(get|transact): expected no guarantees in an operation/);
    }
  });

  it('in message and metadata together are one, unless they contradict each other', () => {
    const [, , , inMessage] = ASKED as [Guarantees, Guarantees, Guarantees, Guarantees];
    assert.equal(bothGuarantees(inMessage, undefined), inMessage);
    assert.equal(bothGuarantees(undefined, inMessage), inMessage);
    assert.deepEqual(bothGuarantees(inMessage, inMessage), inMessage);
    const durability = { level: 'synced', followers: 0, timeoutMs: 5 } as const;
    const freshness = { atLeast: undefined, maxStalenessMs: 7, withinMs: 0 };
    assert.deepEqual(bothGuarantees({ durability, freshness: undefined }, { durability: undefined, freshness }), {
      durability,
      freshness,
    });
    assert.throws(() => bothGuarantees(inMessage, { durability: undefined, freshness }), {
      code: 'invalid_argument',
      message:
        'headwater-max-staleness-ms: expected one value, received 1500 in the message and 7 in the metadata. Set it in one place',
    });
  });

  it('the reached durability survives in the answer', () => {
    const reached = { reached: false, synced: true, followersAppended: 3, followersSynced: 2, unsyncedHere: true };
    const { bytes } = encodePipelineResponse([], 0, POSITION, 1, reached);
    assert.deepEqual(decodePipelineResponse(bytes), { replies: [], position: POSITION, reached });
  });

  it('survive as metadata', () => {
    for (const asked of ASKED) {
      const metadata = new Map(guaranteesMetadata(asked));
      assert.deepEqual(
        guaranteesOfMetadata((name) => metadata.get(name)),
        asked,
      );
    }
    assert.equal(
      guaranteesOfMetadata(() => undefined),
      undefined,
    );
  });

  it('a durability as text has a default timeout, and is refused if it is malformed', () => {
    assert.deepEqual(parseDurability('followers=2;timeout_ms=500'), {
      level: 'followers',
      followers: 2,
      timeoutMs: 500,
    } satisfies DurabilityWanted);
    assert.equal(formatDurability(parseDurability('synced')), 'synced;timeout_ms=5000');
    for (const text of ['', 'nonsense', 'followers', 'followers=', 'synced=1', 'synced;timeout_ms=', 'synced;x=1'])
      assert.throws(() => parseDurability(text), { code: 'invalid_argument' }, text);
  });

  it('a position token comes back as it was, and is refused if it is malformed', () => {
    assert.deepEqual(parseToken(formatToken(POSITION)), POSITION);
    assert.equal(formatToken(POSITION), `${POSITION.replicationId}:1099511627776:000000fe`);
    for (const text of ['', '1', `${POSITION.replicationId}:1`, `${'g'.repeat(40)}:1:00000000`])
      assert.throws(() => parseToken(text), /a position token: expected .*received/, text);
    assert.throws(() => parseToken(`${POSITION.replicationId}:9999999999999999:00000000`), {
      code: 'invalid_argument',
    });
  });
});
