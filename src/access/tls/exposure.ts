/**
 * Nodes are protected by default: a node without TLS listens on loopback only. The refusal of another address says what
 * would be exposed there and why, and has the three commands of which each mends it.
 */
import { HeadwaterError } from '../../base/errors.js';

/** The options with an address of the node. */
export type AddressOption = 'listen' | 'redis-listen' | 'http';

/** The exposure of each address. The HTTP port only reads, and has no data of clients. */
const EXPOSED: Readonly<Record<AddressOption, string>> = {
  listen: 'Everybody who reaches it could read and change all data',
  'redis-listen': 'Everybody who reaches it could read and change all data',
  http: 'Everybody who reaches it could read the metrics and the status page, which name the nodes and their directories. The port shows no data, and nothing can be changed there',
};

/**
 * The refusal of an address beyond loopback at a node without TLS.
 * @param address host:port, which other machines reach.
 */
export function refusalOfExposure(option: AddressOption, address: string): HeadwaterError {
  const port = address.slice(address.lastIndexOf(':') + 1);
  const files =
    '--tls-cert headwater-certs/node.pem --tls-key headwater-certs/node-key.pem --tls-ca headwater-certs/ca.pem';
  return new HeadwaterError(
    'invalid_argument',
    `${option}: expected an address of this machine alone, because the node has no TLS, received ${address}. ${EXPOSED[option]}. Use one of three: with TLS, "headwater cert create" and then "headwater serve --${option} ${address} ${files}". On this machine alone, "headwater serve --${option} 127.0.0.1:${port}". On a network that you trust, "headwater serve --${option} ${address} --insecure"`,
  );
}

/**
 * The refusal of an address beyond loopback at a node with TLS that lets everybody in: no users are in force, and clients
 * need no certificate.
 */
export function refusalOfStrangers(option: AddressOption, address: string): HeadwaterError {
  const port = address.slice(address.lastIndexOf(':') + 1);
  return new HeadwaterError(
    'invalid_argument',
    `${option}: expected an address of this machine alone, because there are no users, and clients need no certificate, received ${address}. ${EXPOSED[option]}. Use one of three: with users, "headwater serve --${option} 127.0.0.1:${port}" and then "headwater user create NAME --role admin". With certificates of clients, "headwater serve --${option} ${address} --tls-ca FILE". On a network that you trust, "headwater serve --${option} ${address} --insecure"`,
  );
}
