/**
 * Writes the table that the generic codec runs on (src/protobuf/generated.schema.ts), a row a field. `npm run generate`
 * pipes the protocol as JSON into this program. If the protocol is etcd's, the table has the messages of all its packages.
 */
import { readFileSync } from 'node:fs';

const { headwater, ...others } = JSON.parse(readFileSync(0, 'utf8')).nested;
const { messages, enums } = tablesOf(headwater ? headwater.nested.v1.nested : joined(Object.values(others)));
process.stdout.write(`export const SCHEMA = ${JSON.stringify(messages)} as const;\n`);
process.stdout.write(`export const ENUMS = ${JSON.stringify(enums)} as const;\n`);

/** The types of several packages, and the enums inside of their messages, by their last names. */
function joined(packages) {
  const types = packages.flatMap(({ nested }) => Object.entries(nested));
  const inside = types.flatMap(([, { nested = {} }]) => Object.entries(nested));
  return Object.fromEntries([...types, ...inside].map(([name, type]) => [name, withLastNames(type)]));
}

function withLastNames({ fields, ...type }) {
  if (fields === undefined) return type;
  const named = Object.entries(fields).map(([name, field]) => [name, { ...field, type: field.type.split('.').at(-1) }]);
  return { ...type, fields: Object.fromEntries(named) };
}

function tablesOf(nested) {
  const entries = Object.entries(nested);
  const messages = entries.filter(([, type]) => type.fields && Object.values(type.fields).every(isForCodec));
  const used = new Set(messages.flatMap(([, { fields }]) => Object.values(fields).map(({ type }) => type)));
  const enums = entries.filter(([name, { values }]) => values && used.has(name));
  return {
    messages: Object.fromEntries(messages.map(([name, type]) => [name, rows(type, nested)])),
    enums: Object.fromEntries(enums.map(([name, type]) => [name, names(name, type)])),
  };
}

/** The generic codec knows no maps, and no messages of other packages. Only error.proto has them. */
function isForCodec({ keyType, type }) {
  return keyType === undefined && !type.startsWith('google.');
}

/** The fields in the order of their numbers, which is the order on the wire. */
function rows({ fields, oneofs = {} }, nested) {
  const sorted = Object.entries(fields).sort(([, a], [, b]) => a.id - b.id);
  const presences = new Map(
    Object.entries(oneofs).flatMap(([name, { oneof }]) =>
      oneof.map((field) => [field, presenceOf(name, oneof, fields, nested)]),
    ),
  );
  return Object.fromEntries(
    sorted.map(([name, { id, type, rule, protoName = name }]) => [
      name,
      { id, type, protoName, ...(rule === 'repeated' && { repeated: true }), ...presences.get(name) },
    ]),
  );
}

/**
 * A oneof of messages is a tagged union, unless one of these messages is a tagged union itself. The members of any other
 * oneof are optional fields that exclude each other. The compiler gives a field that is `optional` a oneof of its own,
 * whose name begins with an underscore.
 */
function presenceOf(name, members, fields, nested) {
  if (name.startsWith('_')) return { optional: true };
  return areTagged(members, fields, nested) ? { tagged: true } : { optional: true, oneof: name };
}

function areTagged(members, fields, nested) {
  return members.every((member) => {
    const type = nested[fields[member].type];
    return type?.fields !== undefined && !isUnion(type, nested);
  });
}

function isUnion({ fields, oneofs = {} }, nested) {
  return Object.entries(oneofs).some(([name, { oneof }]) => !name.startsWith('_') && areTagged(oneof, fields, nested));
}

/** The names of an enum in lower case without the prefix, in the order of their numbers. The first stands for none. */
function names(name, { values }) {
  const prefix = `${name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`)}_`.toUpperCase();
  const sorted = Object.entries(values).sort(([, a], [, b]) => a - b);
  return sorted.map(([value, number], index) => {
    if (number !== index) throw new Error(`${name}: expected the number ${index}, received ${number}`);
    return (value.startsWith(prefix) ? value.slice(prefix.length) : value).toLowerCase();
  });
}
