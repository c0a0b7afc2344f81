/** The parts beneath those that the store hands out, put together. */
import type { LogicalClock } from '../base/clock.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { Changes } from './changes.js';
import { CommitFigures } from './commit-figures.js';
import { DamageNotes } from './damage.js';
import { StoreData } from './data.js';
import type { Directory } from './directory.js';
import { FailedWrite } from './failed-write.js';
import type { KnownFollowers } from './known-followers.js';
import { LeadershipRecord } from './leadership-record.js';
import type { LeadershipTerm } from './leadership-term.js';
import { Lifecycle } from './lifecycle.js';
import { Opener } from './opener.js';
import type { ReservedRecords } from './reserved-records.js';
import type { Settings } from './settings.js';
import type { Space } from './space.js';
import { Stages } from './stages.js';
import type { StoreOptions } from './store-options.js';
import { Tenures } from './tenures.js';
import { WriteWaits } from './write-waits.js';

export interface Assembly {
  readonly stages: Stages;
  readonly data: StoreData;
  readonly damage: DamageNotes;
  readonly waits: WriteWaits;
  readonly changes: Changes;
  readonly tenures: Tenures;
  readonly leadership: LeadershipRecord;
  readonly lifecycle: Lifecycle;
}

interface Opened {
  readonly directory: Directory;
  readonly followers: KnownFollowers;
  readonly space: Space;
  readonly reserved: ReservedRecords;
  readonly settings: Settings;
  readonly logicalClock: LogicalClock;
  readonly term: LeadershipTerm;
}

export function assemble(options: StoreOptions, opened: Opened): Assembly {
  const { directory, followers } = opened;
  const log = RepeatedLog.of(options);
  const stages = new Stages();
  const changes = new Changes();
  const failedWrite = new FailedWrite(directory.folder);
  const damage = new DamageNotes(log);
  const waits = new WriteWaits(options.clock, log);
  const figures = options.figures ?? new CommitFigures(options.clock);
  const failed = (error: Error) => lifecycle.failed(error);
  const data = new StoreData(stages, directory, failed);
  const shared = {
    ...options,
    ...opened,
    log,
    stages,
    changes,
    data,
    damage,
    waits,
    figures,
    failedWrite,
    failed,
  };
  const tenures = new Tenures(shared);
  const leadership = new LeadershipRecord({
    ...shared,
    bootId: () => options.bootId(),
    hasKnownFollowers: () => followers.all.length > 0,
    trustClock: options.trustClock ?? false,
  });
  const opener = new Opener({
    ...shared,
    autoRepair: options.autoRepair ?? false,
    opened: (opened) => followers.keepPlacesIn(opened),
  });
  const lifecycle = new Lifecycle({ ...shared, tenures, leadership, opener });
  return { stages, data, damage, waits, changes, tenures, leadership, lifecycle };
}
