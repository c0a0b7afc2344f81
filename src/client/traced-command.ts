/** A command of a client that makes spans. The span lasts from the call until the command is settled. */
import type { HeadwaterError } from '../base/errors.js';
import { SPAN_ATTRIBUTES, type TraceSpan, type Tracing } from '../base/tracing.js';
import type { Reply } from '../model/operation.js';
import type { OperationTrace } from '../protobuf/pipeline.js';
import { PendingCommand } from './pending-command.js';

export class TracedCommand extends PendingCommand {
  readonly span: TraceSpan;

  /** @param of as those of PendingCommand. */
  constructor(tracing: Tracing, ...of: ConstructorParameters<typeof PendingCommand>) {
    super(...of);
    this.span = tracing.begin(this.operation.kind, { kind: 'client', attributes: SPAN_ATTRIBUTES });
  }

  override answer(reply: Reply): void {
    super.answer(reply);
    // A refusal has ended the span already, and a span ends once.
    this.span.end();
  }

  override reject(error: HeadwaterError): void {
    this.span.end(error.code);
    super.reject(error);
  }
}

/** The spans of the commands of a message. */
export function tracesOf(commands: readonly PendingCommand[]): OperationTrace[] {
  return commands.flatMap((command, operation) => {
    const traceparent = command instanceof TracedCommand ? command.span.traceparent : undefined;
    return traceparent ? { operation, traceparent } : [];
  });
}
