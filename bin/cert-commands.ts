/** `cert create`: a CA and certificates for trying TLS out. */
import { type Command, Option } from 'commander';
import { parseCount, parsePath } from './arguments.js';
import type { CertOptions } from './certificate-files.js';

const AFTER_HELP = `
The files are node.pem and client.pem unless --node or --client names one, each with its
key. The first call makes the CA too, ca.pem, and later calls use it. Nodes and clients
that trust ca.pem trust each other. The holder of ca-key.pem can make such certificates.

The CA is for trying TLS out, and for small private networks. If you have a CA of your
own, its certificates for nodes need the usages serverAuth and clientAuth.`;

export function addCertCommands(program: Command): void {
  const cert = program.command('cert').description('certificates for TLS').helpCommand(false);
  cert
    .command('create')
    .argument('[DIR]', 'the directory of the files; it is made if it does not exist', parsePath, 'headwater-certs')
    .summary('make a CA, and certificates of a node and a client, for trying TLS out')
    .description('make certificates for trying TLS out, and a CA for them unless the directory has one')
    .option('--node <NAME>', 'make the certificate of a node alone, in NAME.pem and NAME-key.pem')
    .option('--client <NAME>', 'make the certificate of a client alone, in NAME.pem and NAME-key.pem')
    .option(
      '--hosts <NAME,…>',
      'the host names and IP addresses of the node (default: localhost, and the name and addresses of this machine)',
    )
    .addOption(
      new Option('--days <N>', 'how many days the certificates are valid').argParser(parseCount).default(365, '365'),
    )
    .option('--force', 'replace certificates that exist, but not the CA')
    .addHelpText('after', AFTER_HELP)
    .action(async (directory: string, options: CertOptions, command: Command) => {
      const { createFiles } = await import('./certificate-files.js');
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      await createFiles(directory, options, json);
    });
}
