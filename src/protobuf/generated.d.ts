import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace headwater. */
export namespace headwater {

    /** Namespace v1. */
    namespace v1 {

        /**
         * Properties of a StatusRequest.
         * @deprecated Use headwater.v1.StatusRequest.$Properties instead.
         */
        interface IStatusRequest extends headwater.v1.StatusRequest.$Properties {
        }

        /** Represents a StatusRequest. */
        class StatusRequest {

            /**
             * Constructs a new StatusRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new StatusRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusRequest instance
             */
            static create(properties: headwater.v1.StatusRequest.$Shape): headwater.v1.StatusRequest & headwater.v1.StatusRequest.$Shape;
            static create(properties?: headwater.v1.StatusRequest.$Properties): headwater.v1.StatusRequest;

            /**
             * Encodes the specified StatusRequest message. Does not implicitly {@link headwater.v1.StatusRequest.verify|verify} messages.
             * @param m StatusRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusRequest & headwater.v1.StatusRequest.$Shape} StatusRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusRequest & headwater.v1.StatusRequest.$Shape;

            /**
             * Gets the type url for StatusRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusRequest {

            /** Properties of a StatusRequest. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusRequest. */
            type $Shape = headwater.v1.StatusRequest.$Properties;
        }

        /**
         * Properties of a StatusResponse.
         * @deprecated Use headwater.v1.StatusResponse.$Properties instead.
         */
        interface IStatusResponse extends headwater.v1.StatusResponse.$Properties {
        }

        /** Represents a StatusResponse. */
        class StatusResponse {

            /**
             * Constructs a new StatusResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusResponse nodeId. */
            nodeId: string;

            /** StatusResponse role. */
            role: string;

            /** StatusResponse address. */
            address: string;

            /** StatusResponse clusterId. */
            clusterId: string;

            /** StatusResponse version. */
            version: string;

            /** StatusResponse replicationId. */
            replicationId: string;

            /** StatusResponse lineage. */
            lineage: headwater.v1.StatusLineageRow.$Properties[];

            /** StatusResponse offset. */
            offset: (number|Long);

            /** StatusResponse firstOffset. */
            firstOffset: (number|Long);

            /** StatusResponse checkpointOffset. */
            checkpointOffset: (number|Long);

            /** StatusResponse durableOffset. */
            durableOffset: (number|Long);

            /** StatusResponse checksum. */
            checksum: string;

            /** StatusResponse keysAtCheckpoint. */
            keysAtCheckpoint: (number|Long);

            /** StatusResponse upstream. */
            upstream?: (headwater.v1.StatusUpstream.$Properties|null);

            /** StatusResponse followers. */
            followers: headwater.v1.StatusFollower.$Properties[];

            /** StatusResponse fullResyncs. */
            fullResyncs: (number|Long);

            /** StatusResponse partialResyncs. */
            partialResyncs: (number|Long);

            /** StatusResponse fullResyncsServed. */
            fullResyncsServed: (number|Long);

            /** StatusResponse partialResyncsServed. */
            partialResyncsServed: (number|Long);

            /** StatusResponse residentMemoryBytes. */
            residentMemoryBytes: (number|Long);

            /** StatusResponse eventLoopDelayP99Ms. */
            eventLoopDelayP99Ms: number;

            /** StatusResponse eventLoopDelayMaxMs. */
            eventLoopDelayMaxMs: number;

            /** StatusResponse uptimeMs. */
            uptimeMs: (number|Long);

            /** StatusResponse fsync. */
            fsync: string;

            /** StatusResponse lostWrites. */
            lostWrites: (number|Long);

            /** StatusResponse unavailable. */
            unavailable: string;

            /** StatusResponse damage. */
            damage: string;

            /** StatusResponse minFollowers. */
            minFollowers: (number|Long);

            /** StatusResponse maxLagMs. */
            maxLagMs: (number|Long);

            /** StatusResponse followersWithinLag. */
            followersWithinLag: (number|Long);

            /** StatusResponse heartbeatIntervalMs. */
            heartbeatIntervalMs: (number|Long);

            /** StatusResponse subscribers. */
            subscribers: (number|Long);

            /** StatusResponse watchers. */
            watchers: (number|Long);

            /** StatusResponse publishedMessages. */
            publishedMessages: (number|Long);

            /** StatusResponse missedMessages. */
            missedMessages: (number|Long);

            /** StatusResponse watchSnapshots. */
            watchSnapshots: (number|Long);

            /** StatusResponse handingOverTo. */
            handingOverTo: string;

            /** StatusResponse superseded. */
            superseded: string;

            /** StatusResponse askingFollowers. */
            askingFollowers: string;

            /** StatusResponse knownFollowers. */
            knownFollowers: headwater.v1.StatusKnownFollower.$Properties[];

            /** StatusResponse resyncReasons. */
            resyncReasons: headwater.v1.StatusReasonCount.$Properties[];

            /** StatusResponse resyncReasonsServed. */
            resyncReasonsServed: headwater.v1.StatusReasonCount.$Properties[];

            /** StatusResponse lastRefusalServed. */
            lastRefusalServed?: (headwater.v1.StatusRefusal.$Properties|null);

            /** StatusResponse lostWritesFiles. */
            lostWritesFiles: string[];

            /** StatusResponse digestDifferences. */
            digestDifferences: (number|Long);

            /** StatusResponse logBytes. */
            logBytes: (number|Long);

            /** StatusResponse logRetentionBytes. */
            logRetentionBytes: (number|Long);

            /** StatusResponse appendCommandsPerSecond. */
            appendCommandsPerSecond: number;

            /** StatusResponse appendBytesPerSecond. */
            appendBytesPerSecond: number;

            /** StatusResponse headroom. */
            headroom?: (headwater.v1.StatusHeadroom.$Properties|null);

            /** StatusResponse logRetentionMs. */
            logRetentionMs: (number|Long);

            /** StatusResponse logRetentionPinBytes. */
            logRetentionPinBytes: (number|Long);

            /** StatusResponse archive. */
            archive?: (headwater.v1.StatusArchive.$Properties|null);

            /** StatusResponse repairs. */
            repairs: (number|Long);

            /** StatusResponse lastRepair. */
            lastRepair: string;

            /** StatusResponse diskFreeBytes. */
            diskFreeBytes?: (number|Long|null);

            /** StatusResponse minFreeBytes. */
            minFreeBytes: (number|Long);

            /** StatusResponse diskFull. */
            diskFull: string;

            /** StatusResponse writeWait. */
            writeWait: string;

            /** StatusResponse writeWaitMs. */
            writeWaitMs: number;

            /** StatusResponse writeWaitMaxMs. */
            writeWaitMaxMs: number;

            /** StatusResponse clock. */
            clock: string;

            /** StatusResponse clockAheadMs. */
            clockAheadMs: number;

            /** StatusResponse expiryLateMs. */
            expiryLateMs: number;

            /** StatusResponse ignoredFollow. */
            ignoredFollow: string;

            /**
             * Creates a new StatusResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusResponse instance
             */
            static create(properties: headwater.v1.StatusResponse.$Shape): headwater.v1.StatusResponse & headwater.v1.StatusResponse.$Shape;
            static create(properties?: headwater.v1.StatusResponse.$Properties): headwater.v1.StatusResponse;

            /**
             * Encodes the specified StatusResponse message. Does not implicitly {@link headwater.v1.StatusResponse.verify|verify} messages.
             * @param m StatusResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusResponse & headwater.v1.StatusResponse.$Shape} StatusResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusResponse & headwater.v1.StatusResponse.$Shape;

            /**
             * Gets the type url for StatusResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusResponse {

            /** Properties of a StatusResponse. */
            interface $Properties {

                /** StatusResponse nodeId */
                nodeId?: (string|null);

                /** StatusResponse role */
                role?: (string|null);

                /** StatusResponse address */
                address?: (string|null);

                /** StatusResponse clusterId */
                clusterId?: (string|null);

                /** StatusResponse version */
                version?: (string|null);

                /** StatusResponse replicationId */
                replicationId?: (string|null);

                /** StatusResponse lineage */
                lineage?: (headwater.v1.StatusLineageRow.$Properties[]|null);

                /** StatusResponse offset */
                offset?: (number|Long|null);

                /** StatusResponse firstOffset */
                firstOffset?: (number|Long|null);

                /** StatusResponse checkpointOffset */
                checkpointOffset?: (number|Long|null);

                /** StatusResponse durableOffset */
                durableOffset?: (number|Long|null);

                /** StatusResponse checksum */
                checksum?: (string|null);

                /** StatusResponse keysAtCheckpoint */
                keysAtCheckpoint?: (number|Long|null);

                /** StatusResponse upstream */
                upstream?: (headwater.v1.StatusUpstream.$Properties|null);

                /** StatusResponse followers */
                followers?: (headwater.v1.StatusFollower.$Properties[]|null);

                /** StatusResponse fullResyncs */
                fullResyncs?: (number|Long|null);

                /** StatusResponse partialResyncs */
                partialResyncs?: (number|Long|null);

                /** StatusResponse fullResyncsServed */
                fullResyncsServed?: (number|Long|null);

                /** StatusResponse partialResyncsServed */
                partialResyncsServed?: (number|Long|null);

                /** StatusResponse residentMemoryBytes */
                residentMemoryBytes?: (number|Long|null);

                /** StatusResponse eventLoopDelayP99Ms */
                eventLoopDelayP99Ms?: (number|null);

                /** StatusResponse eventLoopDelayMaxMs */
                eventLoopDelayMaxMs?: (number|null);

                /** StatusResponse uptimeMs */
                uptimeMs?: (number|Long|null);

                /** StatusResponse fsync */
                fsync?: (string|null);

                /** StatusResponse lostWrites */
                lostWrites?: (number|Long|null);

                /** StatusResponse unavailable */
                unavailable?: (string|null);

                /** StatusResponse damage */
                damage?: (string|null);

                /** StatusResponse minFollowers */
                minFollowers?: (number|Long|null);

                /** StatusResponse maxLagMs */
                maxLagMs?: (number|Long|null);

                /** StatusResponse followersWithinLag */
                followersWithinLag?: (number|Long|null);

                /** StatusResponse heartbeatIntervalMs */
                heartbeatIntervalMs?: (number|Long|null);

                /** StatusResponse subscribers */
                subscribers?: (number|Long|null);

                /** StatusResponse watchers */
                watchers?: (number|Long|null);

                /** StatusResponse publishedMessages */
                publishedMessages?: (number|Long|null);

                /** StatusResponse missedMessages */
                missedMessages?: (number|Long|null);

                /** StatusResponse watchSnapshots */
                watchSnapshots?: (number|Long|null);

                /** StatusResponse handingOverTo */
                handingOverTo?: (string|null);

                /** StatusResponse superseded */
                superseded?: (string|null);

                /** StatusResponse askingFollowers */
                askingFollowers?: (string|null);

                /** StatusResponse knownFollowers */
                knownFollowers?: (headwater.v1.StatusKnownFollower.$Properties[]|null);

                /** StatusResponse resyncReasons */
                resyncReasons?: (headwater.v1.StatusReasonCount.$Properties[]|null);

                /** StatusResponse resyncReasonsServed */
                resyncReasonsServed?: (headwater.v1.StatusReasonCount.$Properties[]|null);

                /** StatusResponse lastRefusalServed */
                lastRefusalServed?: (headwater.v1.StatusRefusal.$Properties|null);

                /** StatusResponse lostWritesFiles */
                lostWritesFiles?: (string[]|null);

                /** StatusResponse digestDifferences */
                digestDifferences?: (number|Long|null);

                /** StatusResponse logBytes */
                logBytes?: (number|Long|null);

                /** StatusResponse logRetentionBytes */
                logRetentionBytes?: (number|Long|null);

                /** StatusResponse appendCommandsPerSecond */
                appendCommandsPerSecond?: (number|null);

                /** StatusResponse appendBytesPerSecond */
                appendBytesPerSecond?: (number|null);

                /** StatusResponse headroom */
                headroom?: (headwater.v1.StatusHeadroom.$Properties|null);

                /** StatusResponse logRetentionMs */
                logRetentionMs?: (number|Long|null);

                /** StatusResponse logRetentionPinBytes */
                logRetentionPinBytes?: (number|Long|null);

                /** StatusResponse archive */
                archive?: (headwater.v1.StatusArchive.$Properties|null);

                /** StatusResponse repairs */
                repairs?: (number|Long|null);

                /** StatusResponse lastRepair */
                lastRepair?: (string|null);

                /** StatusResponse diskFreeBytes */
                diskFreeBytes?: (number|Long|null);

                /** StatusResponse minFreeBytes */
                minFreeBytes?: (number|Long|null);

                /** StatusResponse diskFull */
                diskFull?: (string|null);

                /** StatusResponse writeWait */
                writeWait?: (string|null);

                /** StatusResponse writeWaitMs */
                writeWaitMs?: (number|null);

                /** StatusResponse writeWaitMaxMs */
                writeWaitMaxMs?: (number|null);

                /** StatusResponse clock */
                clock?: (string|null);

                /** StatusResponse clockAheadMs */
                clockAheadMs?: (number|null);

                /** StatusResponse expiryLateMs */
                expiryLateMs?: (number|null);

                /** StatusResponse ignoredFollow */
                ignoredFollow?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusResponse. */
            type $Shape = headwater.v1.StatusResponse.$Properties;
        }

        /**
         * Properties of a StatusLineageRow.
         * @deprecated Use headwater.v1.StatusLineageRow.$Properties instead.
         */
        interface IStatusLineageRow extends headwater.v1.StatusLineageRow.$Properties {
        }

        /** Represents a StatusLineageRow. */
        class StatusLineageRow {

            /**
             * Constructs a new StatusLineageRow.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusLineageRow.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusLineageRow replicationId. */
            replicationId: string;

            /** StatusLineageRow firstOffset. */
            firstOffset: (number|Long);

            /** StatusLineageRow checksum. */
            checksum: string;

            /** StatusLineageRow epoch. */
            epoch: (number|Long);

            /**
             * Creates a new StatusLineageRow instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusLineageRow instance
             */
            static create(properties: headwater.v1.StatusLineageRow.$Shape): headwater.v1.StatusLineageRow & headwater.v1.StatusLineageRow.$Shape;
            static create(properties?: headwater.v1.StatusLineageRow.$Properties): headwater.v1.StatusLineageRow;

            /**
             * Encodes the specified StatusLineageRow message. Does not implicitly {@link headwater.v1.StatusLineageRow.verify|verify} messages.
             * @param m StatusLineageRow message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusLineageRow.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusLineageRow message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusLineageRow & headwater.v1.StatusLineageRow.$Shape} StatusLineageRow
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusLineageRow & headwater.v1.StatusLineageRow.$Shape;

            /**
             * Gets the type url for StatusLineageRow
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusLineageRow {

            /** Properties of a StatusLineageRow. */
            interface $Properties {

                /** StatusLineageRow replicationId */
                replicationId?: (string|null);

                /** StatusLineageRow firstOffset */
                firstOffset?: (number|Long|null);

                /** StatusLineageRow checksum */
                checksum?: (string|null);

                /** StatusLineageRow epoch */
                epoch?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusLineageRow. */
            type $Shape = headwater.v1.StatusLineageRow.$Properties;
        }

        /**
         * Properties of a StatusUpstream.
         * @deprecated Use headwater.v1.StatusUpstream.$Properties instead.
         */
        interface IStatusUpstream extends headwater.v1.StatusUpstream.$Properties {
        }

        /** Represents a StatusUpstream. */
        class StatusUpstream {

            /**
             * Constructs a new StatusUpstream.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusUpstream.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusUpstream address. */
            address: string;

            /** StatusUpstream state. */
            state: string;

            /** StatusUpstream lagCommands. */
            lagCommands?: (number|Long|null);

            /** StatusUpstream lagMs. */
            lagMs?: (number|Long|null);

            /** StatusUpstream lastResync. */
            lastResync?: (headwater.v1.StatusResync.$Properties|null);

            /** StatusUpstream error. */
            error: string;

            /** StatusUpstream loadedKeys. */
            loadedKeys: (number|Long);

            /** StatusUpstream keysEstimate. */
            keysEstimate: (number|Long);

            /** StatusUpstream lastRefusal. */
            lastRefusal?: (headwater.v1.StatusRefusal.$Properties|null);

            /**
             * Creates a new StatusUpstream instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusUpstream instance
             */
            static create(properties: headwater.v1.StatusUpstream.$Shape): headwater.v1.StatusUpstream & headwater.v1.StatusUpstream.$Shape;
            static create(properties?: headwater.v1.StatusUpstream.$Properties): headwater.v1.StatusUpstream;

            /**
             * Encodes the specified StatusUpstream message. Does not implicitly {@link headwater.v1.StatusUpstream.verify|verify} messages.
             * @param m StatusUpstream message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusUpstream.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusUpstream message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusUpstream & headwater.v1.StatusUpstream.$Shape} StatusUpstream
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusUpstream & headwater.v1.StatusUpstream.$Shape;

            /**
             * Gets the type url for StatusUpstream
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusUpstream {

            /** Properties of a StatusUpstream. */
            interface $Properties {

                /** StatusUpstream address */
                address?: (string|null);

                /** StatusUpstream state */
                state?: (string|null);

                /** StatusUpstream lagCommands */
                lagCommands?: (number|Long|null);

                /** StatusUpstream lagMs */
                lagMs?: (number|Long|null);

                /** StatusUpstream lastResync */
                lastResync?: (headwater.v1.StatusResync.$Properties|null);

                /** StatusUpstream error */
                error?: (string|null);

                /** StatusUpstream loadedKeys */
                loadedKeys?: (number|Long|null);

                /** StatusUpstream keysEstimate */
                keysEstimate?: (number|Long|null);

                /** StatusUpstream lastRefusal */
                lastRefusal?: (headwater.v1.StatusRefusal.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusUpstream. */
            type $Shape = headwater.v1.StatusUpstream.$Properties;
        }

        /**
         * Properties of a StatusResync.
         * @deprecated Use headwater.v1.StatusResync.$Properties instead.
         */
        interface IStatusResync extends headwater.v1.StatusResync.$Properties {
        }

        /** Represents a StatusResync. */
        class StatusResync {

            /**
             * Constructs a new StatusResync.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusResync.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusResync kind. */
            kind: string;

            /** StatusResync reason. */
            reason: string;

            /** StatusResync bytes. */
            bytes: (number|Long);

            /** StatusResync durationMs. */
            durationMs: (number|Long);

            /** StatusResync message. */
            message: string;

            /** StatusResync details. */
            details: headwater.v1.Detail.$Properties[];

            /** StatusResync timeMs. */
            timeMs: (number|Long);

            /**
             * Creates a new StatusResync instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusResync instance
             */
            static create(properties: headwater.v1.StatusResync.$Shape): headwater.v1.StatusResync & headwater.v1.StatusResync.$Shape;
            static create(properties?: headwater.v1.StatusResync.$Properties): headwater.v1.StatusResync;

            /**
             * Encodes the specified StatusResync message. Does not implicitly {@link headwater.v1.StatusResync.verify|verify} messages.
             * @param m StatusResync message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusResync.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusResync message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusResync & headwater.v1.StatusResync.$Shape} StatusResync
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusResync & headwater.v1.StatusResync.$Shape;

            /**
             * Gets the type url for StatusResync
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusResync {

            /** Properties of a StatusResync. */
            interface $Properties {

                /** StatusResync kind */
                kind?: (string|null);

                /** StatusResync reason */
                reason?: (string|null);

                /** StatusResync bytes */
                bytes?: (number|Long|null);

                /** StatusResync durationMs */
                durationMs?: (number|Long|null);

                /** StatusResync message */
                message?: (string|null);

                /** StatusResync details */
                details?: (headwater.v1.Detail.$Properties[]|null);

                /** StatusResync timeMs */
                timeMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusResync. */
            type $Shape = headwater.v1.StatusResync.$Properties;
        }

        /**
         * Properties of a StatusRefusal.
         * @deprecated Use headwater.v1.StatusRefusal.$Properties instead.
         */
        interface IStatusRefusal extends headwater.v1.StatusRefusal.$Properties {
        }

        /** Represents a StatusRefusal. */
        class StatusRefusal {

            /**
             * Constructs a new StatusRefusal.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusRefusal.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusRefusal nodeId. */
            nodeId: string;

            /** StatusRefusal address. */
            address: string;

            /** StatusRefusal reason. */
            reason: string;

            /** StatusRefusal message. */
            message: string;

            /** StatusRefusal details. */
            details: headwater.v1.Detail.$Properties[];

            /** StatusRefusal timeMs. */
            timeMs: (number|Long);

            /**
             * Creates a new StatusRefusal instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusRefusal instance
             */
            static create(properties: headwater.v1.StatusRefusal.$Shape): headwater.v1.StatusRefusal & headwater.v1.StatusRefusal.$Shape;
            static create(properties?: headwater.v1.StatusRefusal.$Properties): headwater.v1.StatusRefusal;

            /**
             * Encodes the specified StatusRefusal message. Does not implicitly {@link headwater.v1.StatusRefusal.verify|verify} messages.
             * @param m StatusRefusal message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusRefusal.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusRefusal message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusRefusal & headwater.v1.StatusRefusal.$Shape} StatusRefusal
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusRefusal & headwater.v1.StatusRefusal.$Shape;

            /**
             * Gets the type url for StatusRefusal
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusRefusal {

            /** Properties of a StatusRefusal. */
            interface $Properties {

                /** StatusRefusal nodeId */
                nodeId?: (string|null);

                /** StatusRefusal address */
                address?: (string|null);

                /** StatusRefusal reason */
                reason?: (string|null);

                /** StatusRefusal message */
                message?: (string|null);

                /** StatusRefusal details */
                details?: (headwater.v1.Detail.$Properties[]|null);

                /** StatusRefusal timeMs */
                timeMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusRefusal. */
            type $Shape = headwater.v1.StatusRefusal.$Properties;
        }

        /**
         * Properties of a StatusReasonCount.
         * @deprecated Use headwater.v1.StatusReasonCount.$Properties instead.
         */
        interface IStatusReasonCount extends headwater.v1.StatusReasonCount.$Properties {
        }

        /** Represents a StatusReasonCount. */
        class StatusReasonCount {

            /**
             * Constructs a new StatusReasonCount.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusReasonCount.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusReasonCount kind. */
            kind: string;

            /** StatusReasonCount reason. */
            reason: string;

            /** StatusReasonCount count. */
            count: (number|Long);

            /**
             * Creates a new StatusReasonCount instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusReasonCount instance
             */
            static create(properties: headwater.v1.StatusReasonCount.$Shape): headwater.v1.StatusReasonCount & headwater.v1.StatusReasonCount.$Shape;
            static create(properties?: headwater.v1.StatusReasonCount.$Properties): headwater.v1.StatusReasonCount;

            /**
             * Encodes the specified StatusReasonCount message. Does not implicitly {@link headwater.v1.StatusReasonCount.verify|verify} messages.
             * @param m StatusReasonCount message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusReasonCount.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusReasonCount message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusReasonCount & headwater.v1.StatusReasonCount.$Shape} StatusReasonCount
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusReasonCount & headwater.v1.StatusReasonCount.$Shape;

            /**
             * Gets the type url for StatusReasonCount
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusReasonCount {

            /** Properties of a StatusReasonCount. */
            interface $Properties {

                /** StatusReasonCount kind */
                kind?: (string|null);

                /** StatusReasonCount reason */
                reason?: (string|null);

                /** StatusReasonCount count */
                count?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusReasonCount. */
            type $Shape = headwater.v1.StatusReasonCount.$Properties;
        }

        /**
         * Properties of a StatusArchive.
         * @deprecated Use headwater.v1.StatusArchive.$Properties instead.
         */
        interface IStatusArchive extends headwater.v1.StatusArchive.$Properties {
        }

        /** Represents a StatusArchive. */
        class StatusArchive {

            /**
             * Constructs a new StatusArchive.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusArchive.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusArchive directory. */
            directory: string;

            /** StatusArchive offset. */
            offset: (number|Long);

            /** StatusArchive error. */
            error: string;

            /** StatusArchive missed. */
            missed: (number|Long);

            /**
             * Creates a new StatusArchive instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusArchive instance
             */
            static create(properties: headwater.v1.StatusArchive.$Shape): headwater.v1.StatusArchive & headwater.v1.StatusArchive.$Shape;
            static create(properties?: headwater.v1.StatusArchive.$Properties): headwater.v1.StatusArchive;

            /**
             * Encodes the specified StatusArchive message. Does not implicitly {@link headwater.v1.StatusArchive.verify|verify} messages.
             * @param m StatusArchive message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusArchive.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusArchive message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusArchive & headwater.v1.StatusArchive.$Shape} StatusArchive
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusArchive & headwater.v1.StatusArchive.$Shape;

            /**
             * Gets the type url for StatusArchive
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusArchive {

            /** Properties of a StatusArchive. */
            interface $Properties {

                /** StatusArchive directory */
                directory?: (string|null);

                /** StatusArchive offset */
                offset?: (number|Long|null);

                /** StatusArchive error */
                error?: (string|null);

                /** StatusArchive missed */
                missed?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusArchive. */
            type $Shape = headwater.v1.StatusArchive.$Properties;
        }

        /**
         * Properties of a StatusHeadroom.
         * @deprecated Use headwater.v1.StatusHeadroom.$Properties instead.
         */
        interface IStatusHeadroom extends headwater.v1.StatusHeadroom.$Properties {
        }

        /** Represents a StatusHeadroom. */
        class StatusHeadroom {

            /**
             * Constructs a new StatusHeadroom.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusHeadroom.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusHeadroom nodeId. */
            nodeId: string;

            /** StatusHeadroom address. */
            address: string;

            /** StatusHeadroom connected. */
            connected: boolean;

            /** StatusHeadroom commands. */
            commands: (number|Long);

            /** StatusHeadroom bytes. */
            bytes: (number|Long);

            /** StatusHeadroom ms. */
            ms?: (number|Long|null);

            /** StatusHeadroom leftBytes. */
            leftBytes?: (number|Long|null);

            /**
             * Creates a new StatusHeadroom instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusHeadroom instance
             */
            static create(properties: headwater.v1.StatusHeadroom.$Shape): headwater.v1.StatusHeadroom & headwater.v1.StatusHeadroom.$Shape;
            static create(properties?: headwater.v1.StatusHeadroom.$Properties): headwater.v1.StatusHeadroom;

            /**
             * Encodes the specified StatusHeadroom message. Does not implicitly {@link headwater.v1.StatusHeadroom.verify|verify} messages.
             * @param m StatusHeadroom message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusHeadroom.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusHeadroom message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusHeadroom & headwater.v1.StatusHeadroom.$Shape} StatusHeadroom
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusHeadroom & headwater.v1.StatusHeadroom.$Shape;

            /**
             * Gets the type url for StatusHeadroom
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusHeadroom {

            /** Properties of a StatusHeadroom. */
            interface $Properties {

                /** StatusHeadroom nodeId */
                nodeId?: (string|null);

                /** StatusHeadroom address */
                address?: (string|null);

                /** StatusHeadroom connected */
                connected?: (boolean|null);

                /** StatusHeadroom commands */
                commands?: (number|Long|null);

                /** StatusHeadroom bytes */
                bytes?: (number|Long|null);

                /** StatusHeadroom ms */
                ms?: (number|Long|null);

                /** StatusHeadroom leftBytes */
                leftBytes?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusHeadroom. */
            type $Shape = headwater.v1.StatusHeadroom.$Properties;
        }

        /**
         * Properties of a StatusFollower.
         * @deprecated Use headwater.v1.StatusFollower.$Properties instead.
         */
        interface IStatusFollower extends headwater.v1.StatusFollower.$Properties {
        }

        /** Represents a StatusFollower. */
        class StatusFollower {

            /**
             * Constructs a new StatusFollower.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusFollower.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusFollower nodeId. */
            nodeId: string;

            /** StatusFollower address. */
            address: string;

            /** StatusFollower state. */
            state: string;

            /** StatusFollower appendedOffset. */
            appendedOffset: (number|Long);

            /** StatusFollower durableOffset. */
            durableOffset: (number|Long);

            /** StatusFollower lagCommands. */
            lagCommands: (number|Long);

            /** StatusFollower lagMs. */
            lagMs: (number|Long);

            /** StatusFollower via. */
            via: string;

            /** StatusFollower silentMs. */
            silentMs: (number|Long);

            /** StatusFollower headroomCommands. */
            headroomCommands: (number|Long);

            /** StatusFollower headroomBytes. */
            headroomBytes: (number|Long);

            /** StatusFollower headroomMs. */
            headroomMs?: (number|Long|null);

            /** StatusFollower headroomLeftBytes. */
            headroomLeftBytes?: (number|Long|null);

            /**
             * Creates a new StatusFollower instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusFollower instance
             */
            static create(properties: headwater.v1.StatusFollower.$Shape): headwater.v1.StatusFollower & headwater.v1.StatusFollower.$Shape;
            static create(properties?: headwater.v1.StatusFollower.$Properties): headwater.v1.StatusFollower;

            /**
             * Encodes the specified StatusFollower message. Does not implicitly {@link headwater.v1.StatusFollower.verify|verify} messages.
             * @param m StatusFollower message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusFollower.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusFollower message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusFollower & headwater.v1.StatusFollower.$Shape} StatusFollower
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusFollower & headwater.v1.StatusFollower.$Shape;

            /**
             * Gets the type url for StatusFollower
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusFollower {

            /** Properties of a StatusFollower. */
            interface $Properties {

                /** StatusFollower nodeId */
                nodeId?: (string|null);

                /** StatusFollower address */
                address?: (string|null);

                /** StatusFollower state */
                state?: (string|null);

                /** StatusFollower appendedOffset */
                appendedOffset?: (number|Long|null);

                /** StatusFollower durableOffset */
                durableOffset?: (number|Long|null);

                /** StatusFollower lagCommands */
                lagCommands?: (number|Long|null);

                /** StatusFollower lagMs */
                lagMs?: (number|Long|null);

                /** StatusFollower via */
                via?: (string|null);

                /** StatusFollower silentMs */
                silentMs?: (number|Long|null);

                /** StatusFollower headroomCommands */
                headroomCommands?: (number|Long|null);

                /** StatusFollower headroomBytes */
                headroomBytes?: (number|Long|null);

                /** StatusFollower headroomMs */
                headroomMs?: (number|Long|null);

                /** StatusFollower headroomLeftBytes */
                headroomLeftBytes?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusFollower. */
            type $Shape = headwater.v1.StatusFollower.$Properties;
        }

        /**
         * Properties of a StatusKnownFollower.
         * @deprecated Use headwater.v1.StatusKnownFollower.$Properties instead.
         */
        interface IStatusKnownFollower extends headwater.v1.StatusKnownFollower.$Properties {
        }

        /** Represents a StatusKnownFollower. */
        class StatusKnownFollower {

            /**
             * Constructs a new StatusKnownFollower.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StatusKnownFollower.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StatusKnownFollower nodeId. */
            nodeId: string;

            /** StatusKnownFollower address. */
            address: string;

            /** StatusKnownFollower appendedOffset. */
            appendedOffset: (number|Long);

            /** StatusKnownFollower lastSeenMs. */
            lastSeenMs: (number|Long);

            /** StatusKnownFollower keepsPlace. */
            keepsPlace: boolean;

            /** StatusKnownFollower leftBytes. */
            leftBytes?: (number|Long|null);

            /** StatusKnownFollower leftMs. */
            leftMs?: (number|Long|null);

            /** StatusKnownFollower connected. */
            connected: boolean;

            /**
             * Creates a new StatusKnownFollower instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StatusKnownFollower instance
             */
            static create(properties: headwater.v1.StatusKnownFollower.$Shape): headwater.v1.StatusKnownFollower & headwater.v1.StatusKnownFollower.$Shape;
            static create(properties?: headwater.v1.StatusKnownFollower.$Properties): headwater.v1.StatusKnownFollower;

            /**
             * Encodes the specified StatusKnownFollower message. Does not implicitly {@link headwater.v1.StatusKnownFollower.verify|verify} messages.
             * @param m StatusKnownFollower message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StatusKnownFollower.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StatusKnownFollower message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StatusKnownFollower & headwater.v1.StatusKnownFollower.$Shape} StatusKnownFollower
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StatusKnownFollower & headwater.v1.StatusKnownFollower.$Shape;

            /**
             * Gets the type url for StatusKnownFollower
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StatusKnownFollower {

            /** Properties of a StatusKnownFollower. */
            interface $Properties {

                /** StatusKnownFollower nodeId */
                nodeId?: (string|null);

                /** StatusKnownFollower address */
                address?: (string|null);

                /** StatusKnownFollower appendedOffset */
                appendedOffset?: (number|Long|null);

                /** StatusKnownFollower lastSeenMs */
                lastSeenMs?: (number|Long|null);

                /** StatusKnownFollower keepsPlace */
                keepsPlace?: (boolean|null);

                /** StatusKnownFollower leftBytes */
                leftBytes?: (number|Long|null);

                /** StatusKnownFollower leftMs */
                leftMs?: (number|Long|null);

                /** StatusKnownFollower connected */
                connected?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StatusKnownFollower. */
            type $Shape = headwater.v1.StatusKnownFollower.$Properties;
        }

        /**
         * Properties of a DigestRequest.
         * @deprecated Use headwater.v1.DigestRequest.$Properties instead.
         */
        interface IDigestRequest extends headwater.v1.DigestRequest.$Properties {
        }

        /** Represents a DigestRequest. */
        class DigestRequest {

            /**
             * Constructs a new DigestRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DigestRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new DigestRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DigestRequest instance
             */
            static create(properties: headwater.v1.DigestRequest.$Shape): headwater.v1.DigestRequest & headwater.v1.DigestRequest.$Shape;
            static create(properties?: headwater.v1.DigestRequest.$Properties): headwater.v1.DigestRequest;

            /**
             * Encodes the specified DigestRequest message. Does not implicitly {@link headwater.v1.DigestRequest.verify|verify} messages.
             * @param m DigestRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DigestRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DigestRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DigestRequest & headwater.v1.DigestRequest.$Shape} DigestRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DigestRequest & headwater.v1.DigestRequest.$Shape;

            /**
             * Gets the type url for DigestRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DigestRequest {

            /** Properties of a DigestRequest. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DigestRequest. */
            type $Shape = headwater.v1.DigestRequest.$Properties;
        }

        /**
         * Properties of a DigestResponse.
         * @deprecated Use headwater.v1.DigestResponse.$Properties instead.
         */
        interface IDigestResponse extends headwater.v1.DigestResponse.$Properties {
        }

        /** Represents a DigestResponse. */
        class DigestResponse {

            /**
             * Constructs a new DigestResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DigestResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DigestResponse offset. */
            offset: (number|Long);

            /** DigestResponse keys. */
            keys: (number|Long);

            /** DigestResponse digest. */
            digest: string;

            /**
             * Creates a new DigestResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DigestResponse instance
             */
            static create(properties: headwater.v1.DigestResponse.$Shape): headwater.v1.DigestResponse & headwater.v1.DigestResponse.$Shape;
            static create(properties?: headwater.v1.DigestResponse.$Properties): headwater.v1.DigestResponse;

            /**
             * Encodes the specified DigestResponse message. Does not implicitly {@link headwater.v1.DigestResponse.verify|verify} messages.
             * @param m DigestResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DigestResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DigestResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DigestResponse & headwater.v1.DigestResponse.$Shape} DigestResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DigestResponse & headwater.v1.DigestResponse.$Shape;

            /**
             * Gets the type url for DigestResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DigestResponse {

            /** Properties of a DigestResponse. */
            interface $Properties {

                /** DigestResponse offset */
                offset?: (number|Long|null);

                /** DigestResponse keys */
                keys?: (number|Long|null);

                /** DigestResponse digest */
                digest?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DigestResponse. */
            type $Shape = headwater.v1.DigestResponse.$Properties;
        }

        /**
         * Properties of a FollowRequest.
         * @deprecated Use headwater.v1.FollowRequest.$Properties instead.
         */
        interface IFollowRequest extends headwater.v1.FollowRequest.$Properties {
        }

        /** Represents a FollowRequest. */
        class FollowRequest {

            /**
             * Constructs a new FollowRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FollowRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FollowRequest address. */
            address: string;

            /** FollowRequest acceptDataLoss. */
            acceptDataLoss: boolean;

            /** FollowRequest full. */
            full: boolean;

            /**
             * Creates a new FollowRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FollowRequest instance
             */
            static create(properties: headwater.v1.FollowRequest.$Shape): headwater.v1.FollowRequest & headwater.v1.FollowRequest.$Shape;
            static create(properties?: headwater.v1.FollowRequest.$Properties): headwater.v1.FollowRequest;

            /**
             * Encodes the specified FollowRequest message. Does not implicitly {@link headwater.v1.FollowRequest.verify|verify} messages.
             * @param m FollowRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FollowRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FollowRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FollowRequest & headwater.v1.FollowRequest.$Shape} FollowRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FollowRequest & headwater.v1.FollowRequest.$Shape;

            /**
             * Gets the type url for FollowRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FollowRequest {

            /** Properties of a FollowRequest. */
            interface $Properties {

                /** FollowRequest address */
                address?: (string|null);

                /** FollowRequest acceptDataLoss */
                acceptDataLoss?: (boolean|null);

                /** FollowRequest full */
                full?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FollowRequest. */
            type $Shape = headwater.v1.FollowRequest.$Properties;
        }

        /**
         * Properties of a FollowResponse.
         * @deprecated Use headwater.v1.FollowResponse.$Properties instead.
         */
        interface IFollowResponse extends headwater.v1.FollowResponse.$Properties {
        }

        /** Represents a FollowResponse. */
        class FollowResponse {

            /**
             * Constructs a new FollowResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FollowResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new FollowResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FollowResponse instance
             */
            static create(properties: headwater.v1.FollowResponse.$Shape): headwater.v1.FollowResponse & headwater.v1.FollowResponse.$Shape;
            static create(properties?: headwater.v1.FollowResponse.$Properties): headwater.v1.FollowResponse;

            /**
             * Encodes the specified FollowResponse message. Does not implicitly {@link headwater.v1.FollowResponse.verify|verify} messages.
             * @param m FollowResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FollowResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FollowResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FollowResponse & headwater.v1.FollowResponse.$Shape} FollowResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FollowResponse & headwater.v1.FollowResponse.$Shape;

            /**
             * Gets the type url for FollowResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FollowResponse {

            /** Properties of a FollowResponse. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FollowResponse. */
            type $Shape = headwater.v1.FollowResponse.$Properties;
        }

        /**
         * Properties of a PromoteRequest.
         * @deprecated Use headwater.v1.PromoteRequest.$Properties instead.
         */
        interface IPromoteRequest extends headwater.v1.PromoteRequest.$Properties {
        }

        /** Represents a PromoteRequest. */
        class PromoteRequest {

            /**
             * Constructs a new PromoteRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PromoteRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new PromoteRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PromoteRequest instance
             */
            static create(properties: headwater.v1.PromoteRequest.$Shape): headwater.v1.PromoteRequest & headwater.v1.PromoteRequest.$Shape;
            static create(properties?: headwater.v1.PromoteRequest.$Properties): headwater.v1.PromoteRequest;

            /**
             * Encodes the specified PromoteRequest message. Does not implicitly {@link headwater.v1.PromoteRequest.verify|verify} messages.
             * @param m PromoteRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PromoteRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PromoteRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PromoteRequest & headwater.v1.PromoteRequest.$Shape} PromoteRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PromoteRequest & headwater.v1.PromoteRequest.$Shape;

            /**
             * Gets the type url for PromoteRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PromoteRequest {

            /** Properties of a PromoteRequest. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PromoteRequest. */
            type $Shape = headwater.v1.PromoteRequest.$Properties;
        }

        /**
         * Properties of a PromoteResponse.
         * @deprecated Use headwater.v1.PromoteResponse.$Properties instead.
         */
        interface IPromoteResponse extends headwater.v1.PromoteResponse.$Properties {
        }

        /** Represents a PromoteResponse. */
        class PromoteResponse {

            /**
             * Constructs a new PromoteResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PromoteResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PromoteResponse replicationId. */
            replicationId: string;

            /** PromoteResponse epoch. */
            epoch: (number|Long);

            /** PromoteResponse firstOffset. */
            firstOffset: (number|Long);

            /**
             * Creates a new PromoteResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PromoteResponse instance
             */
            static create(properties: headwater.v1.PromoteResponse.$Shape): headwater.v1.PromoteResponse & headwater.v1.PromoteResponse.$Shape;
            static create(properties?: headwater.v1.PromoteResponse.$Properties): headwater.v1.PromoteResponse;

            /**
             * Encodes the specified PromoteResponse message. Does not implicitly {@link headwater.v1.PromoteResponse.verify|verify} messages.
             * @param m PromoteResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PromoteResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PromoteResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PromoteResponse & headwater.v1.PromoteResponse.$Shape} PromoteResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PromoteResponse & headwater.v1.PromoteResponse.$Shape;

            /**
             * Gets the type url for PromoteResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PromoteResponse {

            /** Properties of a PromoteResponse. */
            interface $Properties {

                /** PromoteResponse replicationId */
                replicationId?: (string|null);

                /** PromoteResponse epoch */
                epoch?: (number|Long|null);

                /** PromoteResponse firstOffset */
                firstOffset?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PromoteResponse. */
            type $Shape = headwater.v1.PromoteResponse.$Properties;
        }

        /**
         * Properties of a FailoverRequest.
         * @deprecated Use headwater.v1.FailoverRequest.$Properties instead.
         */
        interface IFailoverRequest extends headwater.v1.FailoverRequest.$Properties {
        }

        /** Represents a FailoverRequest. */
        class FailoverRequest {

            /**
             * Constructs a new FailoverRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FailoverRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FailoverRequest to. */
            to: string;

            /** FailoverRequest timeoutMs. */
            timeoutMs: (number|Long);

            /**
             * Creates a new FailoverRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FailoverRequest instance
             */
            static create(properties: headwater.v1.FailoverRequest.$Shape): headwater.v1.FailoverRequest & headwater.v1.FailoverRequest.$Shape;
            static create(properties?: headwater.v1.FailoverRequest.$Properties): headwater.v1.FailoverRequest;

            /**
             * Encodes the specified FailoverRequest message. Does not implicitly {@link headwater.v1.FailoverRequest.verify|verify} messages.
             * @param m FailoverRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FailoverRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FailoverRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FailoverRequest & headwater.v1.FailoverRequest.$Shape} FailoverRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FailoverRequest & headwater.v1.FailoverRequest.$Shape;

            /**
             * Gets the type url for FailoverRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FailoverRequest {

            /** Properties of a FailoverRequest. */
            interface $Properties {

                /** FailoverRequest to */
                to?: (string|null);

                /** FailoverRequest timeoutMs */
                timeoutMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FailoverRequest. */
            type $Shape = headwater.v1.FailoverRequest.$Properties;
        }

        /**
         * Properties of a FailoverResponse.
         * @deprecated Use headwater.v1.FailoverResponse.$Properties instead.
         */
        interface IFailoverResponse extends headwater.v1.FailoverResponse.$Properties {
        }

        /** Represents a FailoverResponse. */
        class FailoverResponse {

            /**
             * Constructs a new FailoverResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FailoverResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FailoverResponse oldLeader. */
            oldLeader: string;

            /** FailoverResponse newLeader. */
            newLeader: string;

            /** FailoverResponse newLeaderId. */
            newLeaderId: string;

            /** FailoverResponse pauseMs. */
            pauseMs: number;

            /** FailoverResponse followersMoved. */
            followersMoved: number;

            /** FailoverResponse offset. */
            offset: (number|Long);

            /**
             * Creates a new FailoverResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FailoverResponse instance
             */
            static create(properties: headwater.v1.FailoverResponse.$Shape): headwater.v1.FailoverResponse & headwater.v1.FailoverResponse.$Shape;
            static create(properties?: headwater.v1.FailoverResponse.$Properties): headwater.v1.FailoverResponse;

            /**
             * Encodes the specified FailoverResponse message. Does not implicitly {@link headwater.v1.FailoverResponse.verify|verify} messages.
             * @param m FailoverResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FailoverResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FailoverResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FailoverResponse & headwater.v1.FailoverResponse.$Shape} FailoverResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FailoverResponse & headwater.v1.FailoverResponse.$Shape;

            /**
             * Gets the type url for FailoverResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FailoverResponse {

            /** Properties of a FailoverResponse. */
            interface $Properties {

                /** FailoverResponse oldLeader */
                oldLeader?: (string|null);

                /** FailoverResponse newLeader */
                newLeader?: (string|null);

                /** FailoverResponse newLeaderId */
                newLeaderId?: (string|null);

                /** FailoverResponse pauseMs */
                pauseMs?: (number|null);

                /** FailoverResponse followersMoved */
                followersMoved?: (number|null);

                /** FailoverResponse offset */
                offset?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FailoverResponse. */
            type $Shape = headwater.v1.FailoverResponse.$Properties;
        }

        /**
         * Properties of a ForgetRequest.
         * @deprecated Use headwater.v1.ForgetRequest.$Properties instead.
         */
        interface IForgetRequest extends headwater.v1.ForgetRequest.$Properties {
        }

        /** Represents a ForgetRequest. */
        class ForgetRequest {

            /**
             * Constructs a new ForgetRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ForgetRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ForgetRequest node. */
            node: string;

            /**
             * Creates a new ForgetRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ForgetRequest instance
             */
            static create(properties: headwater.v1.ForgetRequest.$Shape): headwater.v1.ForgetRequest & headwater.v1.ForgetRequest.$Shape;
            static create(properties?: headwater.v1.ForgetRequest.$Properties): headwater.v1.ForgetRequest;

            /**
             * Encodes the specified ForgetRequest message. Does not implicitly {@link headwater.v1.ForgetRequest.verify|verify} messages.
             * @param m ForgetRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ForgetRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ForgetRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ForgetRequest & headwater.v1.ForgetRequest.$Shape} ForgetRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ForgetRequest & headwater.v1.ForgetRequest.$Shape;

            /**
             * Gets the type url for ForgetRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ForgetRequest {

            /** Properties of a ForgetRequest. */
            interface $Properties {

                /** ForgetRequest node */
                node?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ForgetRequest. */
            type $Shape = headwater.v1.ForgetRequest.$Properties;
        }

        /**
         * Properties of a ForgetResponse.
         * @deprecated Use headwater.v1.ForgetResponse.$Properties instead.
         */
        interface IForgetResponse extends headwater.v1.ForgetResponse.$Properties {
        }

        /** Represents a ForgetResponse. */
        class ForgetResponse {

            /**
             * Constructs a new ForgetResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ForgetResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ForgetResponse nodeId. */
            nodeId: string;

            /** ForgetResponse address. */
            address: string;

            /** ForgetResponse appendedOffset. */
            appendedOffset: (number|Long);

            /**
             * Creates a new ForgetResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ForgetResponse instance
             */
            static create(properties: headwater.v1.ForgetResponse.$Shape): headwater.v1.ForgetResponse & headwater.v1.ForgetResponse.$Shape;
            static create(properties?: headwater.v1.ForgetResponse.$Properties): headwater.v1.ForgetResponse;

            /**
             * Encodes the specified ForgetResponse message. Does not implicitly {@link headwater.v1.ForgetResponse.verify|verify} messages.
             * @param m ForgetResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ForgetResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ForgetResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ForgetResponse & headwater.v1.ForgetResponse.$Shape} ForgetResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ForgetResponse & headwater.v1.ForgetResponse.$Shape;

            /**
             * Gets the type url for ForgetResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ForgetResponse {

            /** Properties of a ForgetResponse. */
            interface $Properties {

                /** ForgetResponse nodeId */
                nodeId?: (string|null);

                /** ForgetResponse address */
                address?: (string|null);

                /** ForgetResponse appendedOffset */
                appendedOffset?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ForgetResponse. */
            type $Shape = headwater.v1.ForgetResponse.$Properties;
        }

        /**
         * Properties of a CompareRequest.
         * @deprecated Use headwater.v1.CompareRequest.$Properties instead.
         */
        interface ICompareRequest extends headwater.v1.CompareRequest.$Properties {
        }

        /** Represents a CompareRequest. */
        class CompareRequest {

            /**
             * Constructs a new CompareRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.CompareRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CompareRequest timeoutMs. */
            timeoutMs: (number|Long);

            /**
             * Creates a new CompareRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns CompareRequest instance
             */
            static create(properties: headwater.v1.CompareRequest.$Shape): headwater.v1.CompareRequest & headwater.v1.CompareRequest.$Shape;
            static create(properties?: headwater.v1.CompareRequest.$Properties): headwater.v1.CompareRequest;

            /**
             * Encodes the specified CompareRequest message. Does not implicitly {@link headwater.v1.CompareRequest.verify|verify} messages.
             * @param m CompareRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.CompareRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CompareRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.CompareRequest & headwater.v1.CompareRequest.$Shape} CompareRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.CompareRequest & headwater.v1.CompareRequest.$Shape;

            /**
             * Gets the type url for CompareRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace CompareRequest {

            /** Properties of a CompareRequest. */
            interface $Properties {

                /** CompareRequest timeoutMs */
                timeoutMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CompareRequest. */
            type $Shape = headwater.v1.CompareRequest.$Properties;
        }

        /**
         * Properties of a CompareResponse.
         * @deprecated Use headwater.v1.CompareResponse.$Properties instead.
         */
        interface ICompareResponse extends headwater.v1.CompareResponse.$Properties {
        }

        /** Represents a CompareResponse. */
        class CompareResponse {

            /**
             * Constructs a new CompareResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.CompareResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CompareResponse offset. */
            offset: (number|Long);

            /** CompareResponse replicationId. */
            replicationId: string;

            /** CompareResponse keys. */
            keys: (number|Long);

            /** CompareResponse digest. */
            digest: string;

            /** CompareResponse nodes. */
            nodes: headwater.v1.ComparedNode.$Properties[];

            /** CompareResponse markId. */
            markId: string;

            /**
             * Creates a new CompareResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns CompareResponse instance
             */
            static create(properties: headwater.v1.CompareResponse.$Shape): headwater.v1.CompareResponse & headwater.v1.CompareResponse.$Shape;
            static create(properties?: headwater.v1.CompareResponse.$Properties): headwater.v1.CompareResponse;

            /**
             * Encodes the specified CompareResponse message. Does not implicitly {@link headwater.v1.CompareResponse.verify|verify} messages.
             * @param m CompareResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.CompareResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CompareResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.CompareResponse & headwater.v1.CompareResponse.$Shape} CompareResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.CompareResponse & headwater.v1.CompareResponse.$Shape;

            /**
             * Gets the type url for CompareResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace CompareResponse {

            /** Properties of a CompareResponse. */
            interface $Properties {

                /** CompareResponse offset */
                offset?: (number|Long|null);

                /** CompareResponse replicationId */
                replicationId?: (string|null);

                /** CompareResponse keys */
                keys?: (number|Long|null);

                /** CompareResponse digest */
                digest?: (string|null);

                /** CompareResponse nodes */
                nodes?: (headwater.v1.ComparedNode.$Properties[]|null);

                /** CompareResponse markId */
                markId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CompareResponse. */
            type $Shape = headwater.v1.CompareResponse.$Properties;
        }

        /**
         * Properties of a ComparedNode.
         * @deprecated Use headwater.v1.ComparedNode.$Properties instead.
         */
        interface IComparedNode extends headwater.v1.ComparedNode.$Properties {
        }

        /** Represents a ComparedNode. */
        class ComparedNode {

            /**
             * Constructs a new ComparedNode.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ComparedNode.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ComparedNode nodeId. */
            nodeId: string;

            /** ComparedNode address. */
            address: string;

            /** ComparedNode outcome. */
            outcome: string;

            /** ComparedNode offset. */
            offset: (number|Long);

            /** ComparedNode keys. */
            keys: (number|Long);

            /** ComparedNode digest. */
            digest: string;

            /** ComparedNode message. */
            message: string;

            /**
             * Creates a new ComparedNode instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ComparedNode instance
             */
            static create(properties: headwater.v1.ComparedNode.$Shape): headwater.v1.ComparedNode & headwater.v1.ComparedNode.$Shape;
            static create(properties?: headwater.v1.ComparedNode.$Properties): headwater.v1.ComparedNode;

            /**
             * Encodes the specified ComparedNode message. Does not implicitly {@link headwater.v1.ComparedNode.verify|verify} messages.
             * @param m ComparedNode message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ComparedNode.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ComparedNode message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ComparedNode & headwater.v1.ComparedNode.$Shape} ComparedNode
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ComparedNode & headwater.v1.ComparedNode.$Shape;

            /**
             * Gets the type url for ComparedNode
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ComparedNode {

            /** Properties of a ComparedNode. */
            interface $Properties {

                /** ComparedNode nodeId */
                nodeId?: (string|null);

                /** ComparedNode address */
                address?: (string|null);

                /** ComparedNode outcome */
                outcome?: (string|null);

                /** ComparedNode offset */
                offset?: (number|Long|null);

                /** ComparedNode keys */
                keys?: (number|Long|null);

                /** ComparedNode digest */
                digest?: (string|null);

                /** ComparedNode message */
                message?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ComparedNode. */
            type $Shape = headwater.v1.ComparedNode.$Properties;
        }

        /**
         * Properties of a GetRequest.
         * @deprecated Use headwater.v1.GetRequest.$Properties instead.
         */
        interface IGetRequest extends headwater.v1.GetRequest.$Properties {
        }

        /** Represents a GetRequest. */
        class GetRequest {

            /**
             * Constructs a new GetRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetRequest key. */
            key: Uint8Array;

            /**
             * Creates a new GetRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetRequest instance
             */
            static create(properties: headwater.v1.GetRequest.$Shape): headwater.v1.GetRequest & headwater.v1.GetRequest.$Shape;
            static create(properties?: headwater.v1.GetRequest.$Properties): headwater.v1.GetRequest;

            /**
             * Encodes the specified GetRequest message. Does not implicitly {@link headwater.v1.GetRequest.verify|verify} messages.
             * @param m GetRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetRequest & headwater.v1.GetRequest.$Shape} GetRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetRequest & headwater.v1.GetRequest.$Shape;

            /**
             * Gets the type url for GetRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetRequest {

            /** Properties of a GetRequest. */
            interface $Properties {

                /** GetRequest key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetRequest. */
            type $Shape = headwater.v1.GetRequest.$Properties;
        }

        /**
         * Properties of a GetResponse.
         * @deprecated Use headwater.v1.GetResponse.$Properties instead.
         */
        interface IGetResponse extends headwater.v1.GetResponse.$Properties {
        }

        /** Represents a GetResponse. */
        class GetResponse {

            /**
             * Constructs a new GetResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetResponse value. */
            value?: (Uint8Array|null);

            /** GetResponse version. */
            version: (number|Long);

            /**
             * Creates a new GetResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetResponse instance
             */
            static create(properties: headwater.v1.GetResponse.$Shape): headwater.v1.GetResponse & headwater.v1.GetResponse.$Shape;
            static create(properties?: headwater.v1.GetResponse.$Properties): headwater.v1.GetResponse;

            /**
             * Encodes the specified GetResponse message. Does not implicitly {@link headwater.v1.GetResponse.verify|verify} messages.
             * @param m GetResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetResponse & headwater.v1.GetResponse.$Shape} GetResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetResponse & headwater.v1.GetResponse.$Shape;

            /**
             * Gets the type url for GetResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetResponse {

            /** Properties of a GetResponse. */
            interface $Properties {

                /** GetResponse value */
                value?: (Uint8Array|null);

                /** GetResponse version */
                version?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetResponse. */
            type $Shape = headwater.v1.GetResponse.$Properties;
        }

        /**
         * Properties of a MultiGetRequest.
         * @deprecated Use headwater.v1.MultiGetRequest.$Properties instead.
         */
        interface IMultiGetRequest extends headwater.v1.MultiGetRequest.$Properties {
        }

        /** Represents a MultiGetRequest. */
        class MultiGetRequest {

            /**
             * Constructs a new MultiGetRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.MultiGetRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MultiGetRequest keys. */
            keys: Uint8Array[];

            /**
             * Creates a new MultiGetRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns MultiGetRequest instance
             */
            static create(properties: headwater.v1.MultiGetRequest.$Shape): headwater.v1.MultiGetRequest & headwater.v1.MultiGetRequest.$Shape;
            static create(properties?: headwater.v1.MultiGetRequest.$Properties): headwater.v1.MultiGetRequest;

            /**
             * Encodes the specified MultiGetRequest message. Does not implicitly {@link headwater.v1.MultiGetRequest.verify|verify} messages.
             * @param m MultiGetRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.MultiGetRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MultiGetRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.MultiGetRequest & headwater.v1.MultiGetRequest.$Shape} MultiGetRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.MultiGetRequest & headwater.v1.MultiGetRequest.$Shape;

            /**
             * Gets the type url for MultiGetRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace MultiGetRequest {

            /** Properties of a MultiGetRequest. */
            interface $Properties {

                /** MultiGetRequest keys */
                keys?: (Uint8Array[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MultiGetRequest. */
            type $Shape = headwater.v1.MultiGetRequest.$Properties;
        }

        /**
         * Properties of a MultiGetResponse.
         * @deprecated Use headwater.v1.MultiGetResponse.$Properties instead.
         */
        interface IMultiGetResponse extends headwater.v1.MultiGetResponse.$Properties {
        }

        /** Represents a MultiGetResponse. */
        class MultiGetResponse {

            /**
             * Constructs a new MultiGetResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.MultiGetResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MultiGetResponse values. */
            values: headwater.v1.GetResponse.$Properties[];

            /**
             * Creates a new MultiGetResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns MultiGetResponse instance
             */
            static create(properties: headwater.v1.MultiGetResponse.$Shape): headwater.v1.MultiGetResponse & headwater.v1.MultiGetResponse.$Shape;
            static create(properties?: headwater.v1.MultiGetResponse.$Properties): headwater.v1.MultiGetResponse;

            /**
             * Encodes the specified MultiGetResponse message. Does not implicitly {@link headwater.v1.MultiGetResponse.verify|verify} messages.
             * @param m MultiGetResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.MultiGetResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MultiGetResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.MultiGetResponse & headwater.v1.MultiGetResponse.$Shape} MultiGetResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.MultiGetResponse & headwater.v1.MultiGetResponse.$Shape;

            /**
             * Gets the type url for MultiGetResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace MultiGetResponse {

            /** Properties of a MultiGetResponse. */
            interface $Properties {

                /** MultiGetResponse values */
                values?: (headwater.v1.GetResponse.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MultiGetResponse. */
            type $Shape = headwater.v1.MultiGetResponse.$Properties;
        }

        /** SetCondition enum. */
        enum SetCondition {

            /** SET_CONDITION_UNSPECIFIED value */
            SET_CONDITION_UNSPECIFIED = 0,

            /** SET_CONDITION_IF_ABSENT value */
            SET_CONDITION_IF_ABSENT = 1,

            /** SET_CONDITION_IF_PRESENT value */
            SET_CONDITION_IF_PRESENT = 2
        }

        /**
         * Properties of a SetRequest.
         * @deprecated Use headwater.v1.SetRequest.$Properties instead.
         */
        interface ISetRequest extends headwater.v1.SetRequest.$Properties {
        }

        /** Represents a SetRequest. */
        class SetRequest {

            /**
             * Constructs a new SetRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SetRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SetRequest key. */
            key: Uint8Array;

            /** SetRequest value. */
            value: Uint8Array;

            /** SetRequest ttlMs. */
            ttlMs?: (number|Long|null);

            /** SetRequest expiresAtMs. */
            expiresAtMs?: (number|Long|null);

            /** SetRequest keepTtl. */
            keepTtl?: (boolean|null);

            /** SetRequest condition. */
            condition: headwater.v1.SetCondition;

            /** SetRequest returnOld. */
            returnOld: boolean;

            /** SetRequest expiry. */
            expiry?: ("ttlMs"|"expiresAtMs"|"keepTtl");

            /**
             * Creates a new SetRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SetRequest instance
             */
            static create(properties: headwater.v1.SetRequest.$Shape): headwater.v1.SetRequest & headwater.v1.SetRequest.$Shape;
            static create(properties?: headwater.v1.SetRequest.$Properties): headwater.v1.SetRequest;

            /**
             * Encodes the specified SetRequest message. Does not implicitly {@link headwater.v1.SetRequest.verify|verify} messages.
             * @param m SetRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SetRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SetRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SetRequest & headwater.v1.SetRequest.$Shape} SetRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SetRequest & headwater.v1.SetRequest.$Shape;

            /**
             * Gets the type url for SetRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SetRequest {

            /** Properties of a SetRequest. */
            interface $Properties {

                /** SetRequest key */
                key?: (Uint8Array|null);

                /** SetRequest value */
                value?: (Uint8Array|null);

                /** SetRequest ttlMs */
                ttlMs?: (number|Long|null);

                /** SetRequest expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** SetRequest keepTtl */
                keepTtl?: (boolean|null);

                /** SetRequest condition */
                condition?: (headwater.v1.SetCondition|null);

                /** SetRequest returnOld */
                returnOld?: (boolean|null);

                /** SetRequest expiry */
                expiry?: ("ttlMs"|"expiresAtMs"|"keepTtl");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a SetRequest. */
            type $Shape = {
              key?: Uint8Array|null;
              value?: Uint8Array|null;
              ttlMs?: number|Long|null;
              expiresAtMs?: number|Long|null;
              keepTtl?: boolean|null;
              condition?: headwater.v1.SetCondition|null;
              returnOld?: boolean|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ expiry?: undefined; ttlMs?: null; expiresAtMs?: null; keepTtl?: null }|{ expiry?: "ttlMs"; ttlMs: number|Long; expiresAtMs?: null; keepTtl?: null }|{ expiry?: "expiresAtMs"; ttlMs?: null; expiresAtMs: number|Long; keepTtl?: null }|{ expiry?: "keepTtl"; ttlMs?: null; expiresAtMs?: null; keepTtl: boolean })
            );
        }

        /**
         * Properties of a SetResponse.
         * @deprecated Use headwater.v1.SetResponse.$Properties instead.
         */
        interface ISetResponse extends headwater.v1.SetResponse.$Properties {
        }

        /** Represents a SetResponse. */
        class SetResponse {

            /**
             * Constructs a new SetResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SetResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SetResponse applied. */
            applied: boolean;

            /** SetResponse oldValue. */
            oldValue?: (Uint8Array|null);

            /**
             * Creates a new SetResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SetResponse instance
             */
            static create(properties: headwater.v1.SetResponse.$Shape): headwater.v1.SetResponse & headwater.v1.SetResponse.$Shape;
            static create(properties?: headwater.v1.SetResponse.$Properties): headwater.v1.SetResponse;

            /**
             * Encodes the specified SetResponse message. Does not implicitly {@link headwater.v1.SetResponse.verify|verify} messages.
             * @param m SetResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SetResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SetResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SetResponse & headwater.v1.SetResponse.$Shape} SetResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SetResponse & headwater.v1.SetResponse.$Shape;

            /**
             * Gets the type url for SetResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SetResponse {

            /** Properties of a SetResponse. */
            interface $Properties {

                /** SetResponse applied */
                applied?: (boolean|null);

                /** SetResponse oldValue */
                oldValue?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SetResponse. */
            type $Shape = headwater.v1.SetResponse.$Properties;
        }

        /**
         * Properties of a DeleteRequest.
         * @deprecated Use headwater.v1.DeleteRequest.$Properties instead.
         */
        interface IDeleteRequest extends headwater.v1.DeleteRequest.$Properties {
        }

        /** Represents a DeleteRequest. */
        class DeleteRequest {

            /**
             * Constructs a new DeleteRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DeleteRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DeleteRequest keys. */
            keys: Uint8Array[];

            /**
             * Creates a new DeleteRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DeleteRequest instance
             */
            static create(properties: headwater.v1.DeleteRequest.$Shape): headwater.v1.DeleteRequest & headwater.v1.DeleteRequest.$Shape;
            static create(properties?: headwater.v1.DeleteRequest.$Properties): headwater.v1.DeleteRequest;

            /**
             * Encodes the specified DeleteRequest message. Does not implicitly {@link headwater.v1.DeleteRequest.verify|verify} messages.
             * @param m DeleteRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DeleteRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeleteRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DeleteRequest & headwater.v1.DeleteRequest.$Shape} DeleteRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DeleteRequest & headwater.v1.DeleteRequest.$Shape;

            /**
             * Gets the type url for DeleteRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DeleteRequest {

            /** Properties of a DeleteRequest. */
            interface $Properties {

                /** DeleteRequest keys */
                keys?: (Uint8Array[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeleteRequest. */
            type $Shape = headwater.v1.DeleteRequest.$Properties;
        }

        /**
         * Properties of a DeleteResponse.
         * @deprecated Use headwater.v1.DeleteResponse.$Properties instead.
         */
        interface IDeleteResponse extends headwater.v1.DeleteResponse.$Properties {
        }

        /** Represents a DeleteResponse. */
        class DeleteResponse {

            /**
             * Constructs a new DeleteResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DeleteResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DeleteResponse deleted. */
            deleted: (number|Long);

            /**
             * Creates a new DeleteResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DeleteResponse instance
             */
            static create(properties: headwater.v1.DeleteResponse.$Shape): headwater.v1.DeleteResponse & headwater.v1.DeleteResponse.$Shape;
            static create(properties?: headwater.v1.DeleteResponse.$Properties): headwater.v1.DeleteResponse;

            /**
             * Encodes the specified DeleteResponse message. Does not implicitly {@link headwater.v1.DeleteResponse.verify|verify} messages.
             * @param m DeleteResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DeleteResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DeleteResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DeleteResponse & headwater.v1.DeleteResponse.$Shape} DeleteResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DeleteResponse & headwater.v1.DeleteResponse.$Shape;

            /**
             * Gets the type url for DeleteResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DeleteResponse {

            /** Properties of a DeleteResponse. */
            interface $Properties {

                /** DeleteResponse deleted */
                deleted?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DeleteResponse. */
            type $Shape = headwater.v1.DeleteResponse.$Properties;
        }

        /**
         * Properties of an ExistsRequest.
         * @deprecated Use headwater.v1.ExistsRequest.$Properties instead.
         */
        interface IExistsRequest extends headwater.v1.ExistsRequest.$Properties {
        }

        /** Represents an ExistsRequest. */
        class ExistsRequest {

            /**
             * Constructs a new ExistsRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ExistsRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ExistsRequest keys. */
            keys: Uint8Array[];

            /**
             * Creates a new ExistsRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ExistsRequest instance
             */
            static create(properties: headwater.v1.ExistsRequest.$Shape): headwater.v1.ExistsRequest & headwater.v1.ExistsRequest.$Shape;
            static create(properties?: headwater.v1.ExistsRequest.$Properties): headwater.v1.ExistsRequest;

            /**
             * Encodes the specified ExistsRequest message. Does not implicitly {@link headwater.v1.ExistsRequest.verify|verify} messages.
             * @param m ExistsRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ExistsRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ExistsRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ExistsRequest & headwater.v1.ExistsRequest.$Shape} ExistsRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ExistsRequest & headwater.v1.ExistsRequest.$Shape;

            /**
             * Gets the type url for ExistsRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ExistsRequest {

            /** Properties of an ExistsRequest. */
            interface $Properties {

                /** ExistsRequest keys */
                keys?: (Uint8Array[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ExistsRequest. */
            type $Shape = headwater.v1.ExistsRequest.$Properties;
        }

        /**
         * Properties of an ExistsResponse.
         * @deprecated Use headwater.v1.ExistsResponse.$Properties instead.
         */
        interface IExistsResponse extends headwater.v1.ExistsResponse.$Properties {
        }

        /** Represents an ExistsResponse. */
        class ExistsResponse {

            /**
             * Constructs a new ExistsResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ExistsResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ExistsResponse existing. */
            existing: (number|Long);

            /**
             * Creates a new ExistsResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ExistsResponse instance
             */
            static create(properties: headwater.v1.ExistsResponse.$Shape): headwater.v1.ExistsResponse & headwater.v1.ExistsResponse.$Shape;
            static create(properties?: headwater.v1.ExistsResponse.$Properties): headwater.v1.ExistsResponse;

            /**
             * Encodes the specified ExistsResponse message. Does not implicitly {@link headwater.v1.ExistsResponse.verify|verify} messages.
             * @param m ExistsResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ExistsResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ExistsResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ExistsResponse & headwater.v1.ExistsResponse.$Shape} ExistsResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ExistsResponse & headwater.v1.ExistsResponse.$Shape;

            /**
             * Gets the type url for ExistsResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ExistsResponse {

            /** Properties of an ExistsResponse. */
            interface $Properties {

                /** ExistsResponse existing */
                existing?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ExistsResponse. */
            type $Shape = headwater.v1.ExistsResponse.$Properties;
        }

        /**
         * Properties of an IncrementRequest.
         * @deprecated Use headwater.v1.IncrementRequest.$Properties instead.
         */
        interface IIncrementRequest extends headwater.v1.IncrementRequest.$Properties {
        }

        /** Represents an IncrementRequest. */
        class IncrementRequest {

            /**
             * Constructs a new IncrementRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.IncrementRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** IncrementRequest key. */
            key: Uint8Array;

            /** IncrementRequest by. */
            by?: (number|Long|null);

            /**
             * Creates a new IncrementRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns IncrementRequest instance
             */
            static create(properties: headwater.v1.IncrementRequest.$Shape): headwater.v1.IncrementRequest & headwater.v1.IncrementRequest.$Shape;
            static create(properties?: headwater.v1.IncrementRequest.$Properties): headwater.v1.IncrementRequest;

            /**
             * Encodes the specified IncrementRequest message. Does not implicitly {@link headwater.v1.IncrementRequest.verify|verify} messages.
             * @param m IncrementRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.IncrementRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an IncrementRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.IncrementRequest & headwater.v1.IncrementRequest.$Shape} IncrementRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.IncrementRequest & headwater.v1.IncrementRequest.$Shape;

            /**
             * Gets the type url for IncrementRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace IncrementRequest {

            /** Properties of an IncrementRequest. */
            interface $Properties {

                /** IncrementRequest key */
                key?: (Uint8Array|null);

                /** IncrementRequest by */
                by?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an IncrementRequest. */
            type $Shape = headwater.v1.IncrementRequest.$Properties;
        }

        /**
         * Properties of an IncrementResponse.
         * @deprecated Use headwater.v1.IncrementResponse.$Properties instead.
         */
        interface IIncrementResponse extends headwater.v1.IncrementResponse.$Properties {
        }

        /** Represents an IncrementResponse. */
        class IncrementResponse {

            /**
             * Constructs a new IncrementResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.IncrementResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** IncrementResponse value. */
            value: (number|Long);

            /**
             * Creates a new IncrementResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns IncrementResponse instance
             */
            static create(properties: headwater.v1.IncrementResponse.$Shape): headwater.v1.IncrementResponse & headwater.v1.IncrementResponse.$Shape;
            static create(properties?: headwater.v1.IncrementResponse.$Properties): headwater.v1.IncrementResponse;

            /**
             * Encodes the specified IncrementResponse message. Does not implicitly {@link headwater.v1.IncrementResponse.verify|verify} messages.
             * @param m IncrementResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.IncrementResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an IncrementResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.IncrementResponse & headwater.v1.IncrementResponse.$Shape} IncrementResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.IncrementResponse & headwater.v1.IncrementResponse.$Shape;

            /**
             * Gets the type url for IncrementResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace IncrementResponse {

            /** Properties of an IncrementResponse. */
            interface $Properties {

                /** IncrementResponse value */
                value?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an IncrementResponse. */
            type $Shape = headwater.v1.IncrementResponse.$Properties;
        }

        /**
         * Properties of an IncrementFloatRequest.
         * @deprecated Use headwater.v1.IncrementFloatRequest.$Properties instead.
         */
        interface IIncrementFloatRequest extends headwater.v1.IncrementFloatRequest.$Properties {
        }

        /** Represents an IncrementFloatRequest. */
        class IncrementFloatRequest {

            /**
             * Constructs a new IncrementFloatRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.IncrementFloatRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** IncrementFloatRequest key. */
            key: Uint8Array;

            /** IncrementFloatRequest by. */
            by: number;

            /**
             * Creates a new IncrementFloatRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns IncrementFloatRequest instance
             */
            static create(properties: headwater.v1.IncrementFloatRequest.$Shape): headwater.v1.IncrementFloatRequest & headwater.v1.IncrementFloatRequest.$Shape;
            static create(properties?: headwater.v1.IncrementFloatRequest.$Properties): headwater.v1.IncrementFloatRequest;

            /**
             * Encodes the specified IncrementFloatRequest message. Does not implicitly {@link headwater.v1.IncrementFloatRequest.verify|verify} messages.
             * @param m IncrementFloatRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.IncrementFloatRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an IncrementFloatRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.IncrementFloatRequest & headwater.v1.IncrementFloatRequest.$Shape} IncrementFloatRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.IncrementFloatRequest & headwater.v1.IncrementFloatRequest.$Shape;

            /**
             * Gets the type url for IncrementFloatRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace IncrementFloatRequest {

            /** Properties of an IncrementFloatRequest. */
            interface $Properties {

                /** IncrementFloatRequest key */
                key?: (Uint8Array|null);

                /** IncrementFloatRequest by */
                by?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an IncrementFloatRequest. */
            type $Shape = headwater.v1.IncrementFloatRequest.$Properties;
        }

        /**
         * Properties of an IncrementFloatResponse.
         * @deprecated Use headwater.v1.IncrementFloatResponse.$Properties instead.
         */
        interface IIncrementFloatResponse extends headwater.v1.IncrementFloatResponse.$Properties {
        }

        /** Represents an IncrementFloatResponse. */
        class IncrementFloatResponse {

            /**
             * Constructs a new IncrementFloatResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.IncrementFloatResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** IncrementFloatResponse value. */
            value: string;

            /**
             * Creates a new IncrementFloatResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns IncrementFloatResponse instance
             */
            static create(properties: headwater.v1.IncrementFloatResponse.$Shape): headwater.v1.IncrementFloatResponse & headwater.v1.IncrementFloatResponse.$Shape;
            static create(properties?: headwater.v1.IncrementFloatResponse.$Properties): headwater.v1.IncrementFloatResponse;

            /**
             * Encodes the specified IncrementFloatResponse message. Does not implicitly {@link headwater.v1.IncrementFloatResponse.verify|verify} messages.
             * @param m IncrementFloatResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.IncrementFloatResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an IncrementFloatResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.IncrementFloatResponse & headwater.v1.IncrementFloatResponse.$Shape} IncrementFloatResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.IncrementFloatResponse & headwater.v1.IncrementFloatResponse.$Shape;

            /**
             * Gets the type url for IncrementFloatResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace IncrementFloatResponse {

            /** Properties of an IncrementFloatResponse. */
            interface $Properties {

                /** IncrementFloatResponse value */
                value?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an IncrementFloatResponse. */
            type $Shape = headwater.v1.IncrementFloatResponse.$Properties;
        }

        /**
         * Properties of an AppendRequest.
         * @deprecated Use headwater.v1.AppendRequest.$Properties instead.
         */
        interface IAppendRequest extends headwater.v1.AppendRequest.$Properties {
        }

        /** Represents an AppendRequest. */
        class AppendRequest {

            /**
             * Constructs a new AppendRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.AppendRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** AppendRequest key. */
            key: Uint8Array;

            /** AppendRequest value. */
            value: Uint8Array;

            /**
             * Creates a new AppendRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns AppendRequest instance
             */
            static create(properties: headwater.v1.AppendRequest.$Shape): headwater.v1.AppendRequest & headwater.v1.AppendRequest.$Shape;
            static create(properties?: headwater.v1.AppendRequest.$Properties): headwater.v1.AppendRequest;

            /**
             * Encodes the specified AppendRequest message. Does not implicitly {@link headwater.v1.AppendRequest.verify|verify} messages.
             * @param m AppendRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.AppendRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an AppendRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.AppendRequest & headwater.v1.AppendRequest.$Shape} AppendRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.AppendRequest & headwater.v1.AppendRequest.$Shape;

            /**
             * Gets the type url for AppendRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace AppendRequest {

            /** Properties of an AppendRequest. */
            interface $Properties {

                /** AppendRequest key */
                key?: (Uint8Array|null);

                /** AppendRequest value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an AppendRequest. */
            type $Shape = headwater.v1.AppendRequest.$Properties;
        }

        /**
         * Properties of an AppendResponse.
         * @deprecated Use headwater.v1.AppendResponse.$Properties instead.
         */
        interface IAppendResponse extends headwater.v1.AppendResponse.$Properties {
        }

        /** Represents an AppendResponse. */
        class AppendResponse {

            /**
             * Constructs a new AppendResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.AppendResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** AppendResponse length. */
            length: (number|Long);

            /**
             * Creates a new AppendResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns AppendResponse instance
             */
            static create(properties: headwater.v1.AppendResponse.$Shape): headwater.v1.AppendResponse & headwater.v1.AppendResponse.$Shape;
            static create(properties?: headwater.v1.AppendResponse.$Properties): headwater.v1.AppendResponse;

            /**
             * Encodes the specified AppendResponse message. Does not implicitly {@link headwater.v1.AppendResponse.verify|verify} messages.
             * @param m AppendResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.AppendResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an AppendResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.AppendResponse & headwater.v1.AppendResponse.$Shape} AppendResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.AppendResponse & headwater.v1.AppendResponse.$Shape;

            /**
             * Gets the type url for AppendResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace AppendResponse {

            /** Properties of an AppendResponse. */
            interface $Properties {

                /** AppendResponse length */
                length?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an AppendResponse. */
            type $Shape = headwater.v1.AppendResponse.$Properties;
        }

        /**
         * Properties of a StringLengthRequest.
         * @deprecated Use headwater.v1.StringLengthRequest.$Properties instead.
         */
        interface IStringLengthRequest extends headwater.v1.StringLengthRequest.$Properties {
        }

        /** Represents a StringLengthRequest. */
        class StringLengthRequest {

            /**
             * Constructs a new StringLengthRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StringLengthRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StringLengthRequest key. */
            key: Uint8Array;

            /**
             * Creates a new StringLengthRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StringLengthRequest instance
             */
            static create(properties: headwater.v1.StringLengthRequest.$Shape): headwater.v1.StringLengthRequest & headwater.v1.StringLengthRequest.$Shape;
            static create(properties?: headwater.v1.StringLengthRequest.$Properties): headwater.v1.StringLengthRequest;

            /**
             * Encodes the specified StringLengthRequest message. Does not implicitly {@link headwater.v1.StringLengthRequest.verify|verify} messages.
             * @param m StringLengthRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StringLengthRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StringLengthRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StringLengthRequest & headwater.v1.StringLengthRequest.$Shape} StringLengthRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StringLengthRequest & headwater.v1.StringLengthRequest.$Shape;

            /**
             * Gets the type url for StringLengthRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StringLengthRequest {

            /** Properties of a StringLengthRequest. */
            interface $Properties {

                /** StringLengthRequest key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StringLengthRequest. */
            type $Shape = headwater.v1.StringLengthRequest.$Properties;
        }

        /**
         * Properties of a StringLengthResponse.
         * @deprecated Use headwater.v1.StringLengthResponse.$Properties instead.
         */
        interface IStringLengthResponse extends headwater.v1.StringLengthResponse.$Properties {
        }

        /** Represents a StringLengthResponse. */
        class StringLengthResponse {

            /**
             * Constructs a new StringLengthResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.StringLengthResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** StringLengthResponse length. */
            length: (number|Long);

            /**
             * Creates a new StringLengthResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns StringLengthResponse instance
             */
            static create(properties: headwater.v1.StringLengthResponse.$Shape): headwater.v1.StringLengthResponse & headwater.v1.StringLengthResponse.$Shape;
            static create(properties?: headwater.v1.StringLengthResponse.$Properties): headwater.v1.StringLengthResponse;

            /**
             * Encodes the specified StringLengthResponse message. Does not implicitly {@link headwater.v1.StringLengthResponse.verify|verify} messages.
             * @param m StringLengthResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.StringLengthResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a StringLengthResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.StringLengthResponse & headwater.v1.StringLengthResponse.$Shape} StringLengthResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.StringLengthResponse & headwater.v1.StringLengthResponse.$Shape;

            /**
             * Gets the type url for StringLengthResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace StringLengthResponse {

            /** Properties of a StringLengthResponse. */
            interface $Properties {

                /** StringLengthResponse length */
                length?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a StringLengthResponse. */
            type $Shape = headwater.v1.StringLengthResponse.$Properties;
        }

        /**
         * Properties of a GetRangeRequest.
         * @deprecated Use headwater.v1.GetRangeRequest.$Properties instead.
         */
        interface IGetRangeRequest extends headwater.v1.GetRangeRequest.$Properties {
        }

        /** Represents a GetRangeRequest. */
        class GetRangeRequest {

            /**
             * Constructs a new GetRangeRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetRangeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetRangeRequest key. */
            key: Uint8Array;

            /** GetRangeRequest start. */
            start: (number|Long);

            /** GetRangeRequest end. */
            end: (number|Long);

            /**
             * Creates a new GetRangeRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetRangeRequest instance
             */
            static create(properties: headwater.v1.GetRangeRequest.$Shape): headwater.v1.GetRangeRequest & headwater.v1.GetRangeRequest.$Shape;
            static create(properties?: headwater.v1.GetRangeRequest.$Properties): headwater.v1.GetRangeRequest;

            /**
             * Encodes the specified GetRangeRequest message. Does not implicitly {@link headwater.v1.GetRangeRequest.verify|verify} messages.
             * @param m GetRangeRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetRangeRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetRangeRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetRangeRequest & headwater.v1.GetRangeRequest.$Shape} GetRangeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetRangeRequest & headwater.v1.GetRangeRequest.$Shape;

            /**
             * Gets the type url for GetRangeRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetRangeRequest {

            /** Properties of a GetRangeRequest. */
            interface $Properties {

                /** GetRangeRequest key */
                key?: (Uint8Array|null);

                /** GetRangeRequest start */
                start?: (number|Long|null);

                /** GetRangeRequest end */
                end?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetRangeRequest. */
            type $Shape = headwater.v1.GetRangeRequest.$Properties;
        }

        /**
         * Properties of a GetRangeResponse.
         * @deprecated Use headwater.v1.GetRangeResponse.$Properties instead.
         */
        interface IGetRangeResponse extends headwater.v1.GetRangeResponse.$Properties {
        }

        /** Represents a GetRangeResponse. */
        class GetRangeResponse {

            /**
             * Constructs a new GetRangeResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetRangeResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetRangeResponse value. */
            value: Uint8Array;

            /**
             * Creates a new GetRangeResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetRangeResponse instance
             */
            static create(properties: headwater.v1.GetRangeResponse.$Shape): headwater.v1.GetRangeResponse & headwater.v1.GetRangeResponse.$Shape;
            static create(properties?: headwater.v1.GetRangeResponse.$Properties): headwater.v1.GetRangeResponse;

            /**
             * Encodes the specified GetRangeResponse message. Does not implicitly {@link headwater.v1.GetRangeResponse.verify|verify} messages.
             * @param m GetRangeResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetRangeResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetRangeResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetRangeResponse & headwater.v1.GetRangeResponse.$Shape} GetRangeResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetRangeResponse & headwater.v1.GetRangeResponse.$Shape;

            /**
             * Gets the type url for GetRangeResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetRangeResponse {

            /** Properties of a GetRangeResponse. */
            interface $Properties {

                /** GetRangeResponse value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetRangeResponse. */
            type $Shape = headwater.v1.GetRangeResponse.$Properties;
        }

        /**
         * Properties of a SetRangeRequest.
         * @deprecated Use headwater.v1.SetRangeRequest.$Properties instead.
         */
        interface ISetRangeRequest extends headwater.v1.SetRangeRequest.$Properties {
        }

        /** Represents a SetRangeRequest. */
        class SetRangeRequest {

            /**
             * Constructs a new SetRangeRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SetRangeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SetRangeRequest key. */
            key: Uint8Array;

            /** SetRangeRequest start. */
            start: (number|Long);

            /** SetRangeRequest value. */
            value: Uint8Array;

            /**
             * Creates a new SetRangeRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SetRangeRequest instance
             */
            static create(properties: headwater.v1.SetRangeRequest.$Shape): headwater.v1.SetRangeRequest & headwater.v1.SetRangeRequest.$Shape;
            static create(properties?: headwater.v1.SetRangeRequest.$Properties): headwater.v1.SetRangeRequest;

            /**
             * Encodes the specified SetRangeRequest message. Does not implicitly {@link headwater.v1.SetRangeRequest.verify|verify} messages.
             * @param m SetRangeRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SetRangeRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SetRangeRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SetRangeRequest & headwater.v1.SetRangeRequest.$Shape} SetRangeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SetRangeRequest & headwater.v1.SetRangeRequest.$Shape;

            /**
             * Gets the type url for SetRangeRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SetRangeRequest {

            /** Properties of a SetRangeRequest. */
            interface $Properties {

                /** SetRangeRequest key */
                key?: (Uint8Array|null);

                /** SetRangeRequest start */
                start?: (number|Long|null);

                /** SetRangeRequest value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SetRangeRequest. */
            type $Shape = headwater.v1.SetRangeRequest.$Properties;
        }

        /**
         * Properties of a SetRangeResponse.
         * @deprecated Use headwater.v1.SetRangeResponse.$Properties instead.
         */
        interface ISetRangeResponse extends headwater.v1.SetRangeResponse.$Properties {
        }

        /** Represents a SetRangeResponse. */
        class SetRangeResponse {

            /**
             * Constructs a new SetRangeResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SetRangeResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SetRangeResponse length. */
            length: (number|Long);

            /**
             * Creates a new SetRangeResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SetRangeResponse instance
             */
            static create(properties: headwater.v1.SetRangeResponse.$Shape): headwater.v1.SetRangeResponse & headwater.v1.SetRangeResponse.$Shape;
            static create(properties?: headwater.v1.SetRangeResponse.$Properties): headwater.v1.SetRangeResponse;

            /**
             * Encodes the specified SetRangeResponse message. Does not implicitly {@link headwater.v1.SetRangeResponse.verify|verify} messages.
             * @param m SetRangeResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SetRangeResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SetRangeResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SetRangeResponse & headwater.v1.SetRangeResponse.$Shape} SetRangeResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SetRangeResponse & headwater.v1.SetRangeResponse.$Shape;

            /**
             * Gets the type url for SetRangeResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SetRangeResponse {

            /** Properties of a SetRangeResponse. */
            interface $Properties {

                /** SetRangeResponse length */
                length?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SetRangeResponse. */
            type $Shape = headwater.v1.SetRangeResponse.$Properties;
        }

        /**
         * Properties of a GetDeleteRequest.
         * @deprecated Use headwater.v1.GetDeleteRequest.$Properties instead.
         */
        interface IGetDeleteRequest extends headwater.v1.GetDeleteRequest.$Properties {
        }

        /** Represents a GetDeleteRequest. */
        class GetDeleteRequest {

            /**
             * Constructs a new GetDeleteRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetDeleteRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetDeleteRequest key. */
            key: Uint8Array;

            /**
             * Creates a new GetDeleteRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetDeleteRequest instance
             */
            static create(properties: headwater.v1.GetDeleteRequest.$Shape): headwater.v1.GetDeleteRequest & headwater.v1.GetDeleteRequest.$Shape;
            static create(properties?: headwater.v1.GetDeleteRequest.$Properties): headwater.v1.GetDeleteRequest;

            /**
             * Encodes the specified GetDeleteRequest message. Does not implicitly {@link headwater.v1.GetDeleteRequest.verify|verify} messages.
             * @param m GetDeleteRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetDeleteRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetDeleteRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetDeleteRequest & headwater.v1.GetDeleteRequest.$Shape} GetDeleteRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetDeleteRequest & headwater.v1.GetDeleteRequest.$Shape;

            /**
             * Gets the type url for GetDeleteRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetDeleteRequest {

            /** Properties of a GetDeleteRequest. */
            interface $Properties {

                /** GetDeleteRequest key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetDeleteRequest. */
            type $Shape = headwater.v1.GetDeleteRequest.$Properties;
        }

        /**
         * Properties of a GetDeleteResponse.
         * @deprecated Use headwater.v1.GetDeleteResponse.$Properties instead.
         */
        interface IGetDeleteResponse extends headwater.v1.GetDeleteResponse.$Properties {
        }

        /** Represents a GetDeleteResponse. */
        class GetDeleteResponse {

            /**
             * Constructs a new GetDeleteResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetDeleteResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetDeleteResponse value. */
            value?: (Uint8Array|null);

            /**
             * Creates a new GetDeleteResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetDeleteResponse instance
             */
            static create(properties: headwater.v1.GetDeleteResponse.$Shape): headwater.v1.GetDeleteResponse & headwater.v1.GetDeleteResponse.$Shape;
            static create(properties?: headwater.v1.GetDeleteResponse.$Properties): headwater.v1.GetDeleteResponse;

            /**
             * Encodes the specified GetDeleteResponse message. Does not implicitly {@link headwater.v1.GetDeleteResponse.verify|verify} messages.
             * @param m GetDeleteResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetDeleteResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetDeleteResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetDeleteResponse & headwater.v1.GetDeleteResponse.$Shape} GetDeleteResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetDeleteResponse & headwater.v1.GetDeleteResponse.$Shape;

            /**
             * Gets the type url for GetDeleteResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetDeleteResponse {

            /** Properties of a GetDeleteResponse. */
            interface $Properties {

                /** GetDeleteResponse value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetDeleteResponse. */
            type $Shape = headwater.v1.GetDeleteResponse.$Properties;
        }

        /**
         * Properties of a GetExpireRequest.
         * @deprecated Use headwater.v1.GetExpireRequest.$Properties instead.
         */
        interface IGetExpireRequest extends headwater.v1.GetExpireRequest.$Properties {
        }

        /** Represents a GetExpireRequest. */
        class GetExpireRequest {

            /**
             * Constructs a new GetExpireRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetExpireRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetExpireRequest key. */
            key: Uint8Array;

            /** GetExpireRequest ttlMs. */
            ttlMs?: (number|Long|null);

            /** GetExpireRequest expiresAtMs. */
            expiresAtMs?: (number|Long|null);

            /** GetExpireRequest persist. */
            persist?: (boolean|null);

            /** GetExpireRequest expiry. */
            expiry?: ("ttlMs"|"expiresAtMs"|"persist");

            /**
             * Creates a new GetExpireRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetExpireRequest instance
             */
            static create(properties: headwater.v1.GetExpireRequest.$Shape): headwater.v1.GetExpireRequest & headwater.v1.GetExpireRequest.$Shape;
            static create(properties?: headwater.v1.GetExpireRequest.$Properties): headwater.v1.GetExpireRequest;

            /**
             * Encodes the specified GetExpireRequest message. Does not implicitly {@link headwater.v1.GetExpireRequest.verify|verify} messages.
             * @param m GetExpireRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetExpireRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetExpireRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetExpireRequest & headwater.v1.GetExpireRequest.$Shape} GetExpireRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetExpireRequest & headwater.v1.GetExpireRequest.$Shape;

            /**
             * Gets the type url for GetExpireRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetExpireRequest {

            /** Properties of a GetExpireRequest. */
            interface $Properties {

                /** GetExpireRequest key */
                key?: (Uint8Array|null);

                /** GetExpireRequest ttlMs */
                ttlMs?: (number|Long|null);

                /** GetExpireRequest expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** GetExpireRequest persist */
                persist?: (boolean|null);

                /** GetExpireRequest expiry */
                expiry?: ("ttlMs"|"expiresAtMs"|"persist");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a GetExpireRequest. */
            type $Shape = {
              key?: Uint8Array|null;
              ttlMs?: number|Long|null;
              expiresAtMs?: number|Long|null;
              persist?: boolean|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ expiry?: undefined; ttlMs?: null; expiresAtMs?: null; persist?: null }|{ expiry?: "ttlMs"; ttlMs: number|Long; expiresAtMs?: null; persist?: null }|{ expiry?: "expiresAtMs"; ttlMs?: null; expiresAtMs: number|Long; persist?: null }|{ expiry?: "persist"; ttlMs?: null; expiresAtMs?: null; persist: boolean })
            );
        }

        /**
         * Properties of a GetExpireResponse.
         * @deprecated Use headwater.v1.GetExpireResponse.$Properties instead.
         */
        interface IGetExpireResponse extends headwater.v1.GetExpireResponse.$Properties {
        }

        /** Represents a GetExpireResponse. */
        class GetExpireResponse {

            /**
             * Constructs a new GetExpireResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.GetExpireResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** GetExpireResponse value. */
            value?: (Uint8Array|null);

            /**
             * Creates a new GetExpireResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns GetExpireResponse instance
             */
            static create(properties: headwater.v1.GetExpireResponse.$Shape): headwater.v1.GetExpireResponse & headwater.v1.GetExpireResponse.$Shape;
            static create(properties?: headwater.v1.GetExpireResponse.$Properties): headwater.v1.GetExpireResponse;

            /**
             * Encodes the specified GetExpireResponse message. Does not implicitly {@link headwater.v1.GetExpireResponse.verify|verify} messages.
             * @param m GetExpireResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.GetExpireResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a GetExpireResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.GetExpireResponse & headwater.v1.GetExpireResponse.$Shape} GetExpireResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.GetExpireResponse & headwater.v1.GetExpireResponse.$Shape;

            /**
             * Gets the type url for GetExpireResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace GetExpireResponse {

            /** Properties of a GetExpireResponse. */
            interface $Properties {

                /** GetExpireResponse value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a GetExpireResponse. */
            type $Shape = headwater.v1.GetExpireResponse.$Properties;
        }

        /**
         * Properties of a TimeToLiveRequest.
         * @deprecated Use headwater.v1.TimeToLiveRequest.$Properties instead.
         */
        interface ITimeToLiveRequest extends headwater.v1.TimeToLiveRequest.$Properties {
        }

        /** Represents a TimeToLiveRequest. */
        class TimeToLiveRequest {

            /**
             * Constructs a new TimeToLiveRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.TimeToLiveRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TimeToLiveRequest key. */
            key: Uint8Array;

            /**
             * Creates a new TimeToLiveRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TimeToLiveRequest instance
             */
            static create(properties: headwater.v1.TimeToLiveRequest.$Shape): headwater.v1.TimeToLiveRequest & headwater.v1.TimeToLiveRequest.$Shape;
            static create(properties?: headwater.v1.TimeToLiveRequest.$Properties): headwater.v1.TimeToLiveRequest;

            /**
             * Encodes the specified TimeToLiveRequest message. Does not implicitly {@link headwater.v1.TimeToLiveRequest.verify|verify} messages.
             * @param m TimeToLiveRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.TimeToLiveRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TimeToLiveRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.TimeToLiveRequest & headwater.v1.TimeToLiveRequest.$Shape} TimeToLiveRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.TimeToLiveRequest & headwater.v1.TimeToLiveRequest.$Shape;

            /**
             * Gets the type url for TimeToLiveRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TimeToLiveRequest {

            /** Properties of a TimeToLiveRequest. */
            interface $Properties {

                /** TimeToLiveRequest key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TimeToLiveRequest. */
            type $Shape = headwater.v1.TimeToLiveRequest.$Properties;
        }

        /**
         * Properties of a TimeToLiveResponse.
         * @deprecated Use headwater.v1.TimeToLiveResponse.$Properties instead.
         */
        interface ITimeToLiveResponse extends headwater.v1.TimeToLiveResponse.$Properties {
        }

        /** Represents a TimeToLiveResponse. */
        class TimeToLiveResponse {

            /**
             * Constructs a new TimeToLiveResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.TimeToLiveResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TimeToLiveResponse exists. */
            exists: boolean;

            /** TimeToLiveResponse ttlMs. */
            ttlMs?: (number|Long|null);

            /** TimeToLiveResponse expiresAtMs. */
            expiresAtMs?: (number|Long|null);

            /**
             * Creates a new TimeToLiveResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TimeToLiveResponse instance
             */
            static create(properties: headwater.v1.TimeToLiveResponse.$Shape): headwater.v1.TimeToLiveResponse & headwater.v1.TimeToLiveResponse.$Shape;
            static create(properties?: headwater.v1.TimeToLiveResponse.$Properties): headwater.v1.TimeToLiveResponse;

            /**
             * Encodes the specified TimeToLiveResponse message. Does not implicitly {@link headwater.v1.TimeToLiveResponse.verify|verify} messages.
             * @param m TimeToLiveResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.TimeToLiveResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TimeToLiveResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.TimeToLiveResponse & headwater.v1.TimeToLiveResponse.$Shape} TimeToLiveResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.TimeToLiveResponse & headwater.v1.TimeToLiveResponse.$Shape;

            /**
             * Gets the type url for TimeToLiveResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TimeToLiveResponse {

            /** Properties of a TimeToLiveResponse. */
            interface $Properties {

                /** TimeToLiveResponse exists */
                exists?: (boolean|null);

                /** TimeToLiveResponse ttlMs */
                ttlMs?: (number|Long|null);

                /** TimeToLiveResponse expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TimeToLiveResponse. */
            type $Shape = headwater.v1.TimeToLiveResponse.$Properties;
        }

        /** ExpireCondition enum. */
        enum ExpireCondition {

            /** EXPIRE_CONDITION_UNSPECIFIED value */
            EXPIRE_CONDITION_UNSPECIFIED = 0,

            /** EXPIRE_CONDITION_IF_NONE value */
            EXPIRE_CONDITION_IF_NONE = 1,

            /** EXPIRE_CONDITION_IF_ANY value */
            EXPIRE_CONDITION_IF_ANY = 2,

            /** EXPIRE_CONDITION_IF_LATER value */
            EXPIRE_CONDITION_IF_LATER = 3,

            /** EXPIRE_CONDITION_IF_EARLIER value */
            EXPIRE_CONDITION_IF_EARLIER = 4
        }

        /**
         * Properties of an ExpireRequest.
         * @deprecated Use headwater.v1.ExpireRequest.$Properties instead.
         */
        interface IExpireRequest extends headwater.v1.ExpireRequest.$Properties {
        }

        /** Represents an ExpireRequest. */
        class ExpireRequest {

            /**
             * Constructs a new ExpireRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ExpireRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ExpireRequest key. */
            key: Uint8Array;

            /** ExpireRequest ttlMs. */
            ttlMs?: (number|Long|null);

            /** ExpireRequest expiresAtMs. */
            expiresAtMs?: (number|Long|null);

            /** ExpireRequest condition. */
            condition: headwater.v1.ExpireCondition;

            /** ExpireRequest expiry. */
            expiry?: ("ttlMs"|"expiresAtMs");

            /**
             * Creates a new ExpireRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ExpireRequest instance
             */
            static create(properties: headwater.v1.ExpireRequest.$Shape): headwater.v1.ExpireRequest & headwater.v1.ExpireRequest.$Shape;
            static create(properties?: headwater.v1.ExpireRequest.$Properties): headwater.v1.ExpireRequest;

            /**
             * Encodes the specified ExpireRequest message. Does not implicitly {@link headwater.v1.ExpireRequest.verify|verify} messages.
             * @param m ExpireRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ExpireRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ExpireRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ExpireRequest & headwater.v1.ExpireRequest.$Shape} ExpireRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ExpireRequest & headwater.v1.ExpireRequest.$Shape;

            /**
             * Gets the type url for ExpireRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ExpireRequest {

            /** Properties of an ExpireRequest. */
            interface $Properties {

                /** ExpireRequest key */
                key?: (Uint8Array|null);

                /** ExpireRequest ttlMs */
                ttlMs?: (number|Long|null);

                /** ExpireRequest expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** ExpireRequest condition */
                condition?: (headwater.v1.ExpireCondition|null);

                /** ExpireRequest expiry */
                expiry?: ("ttlMs"|"expiresAtMs");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an ExpireRequest. */
            type $Shape = {
              key?: Uint8Array|null;
              ttlMs?: number|Long|null;
              expiresAtMs?: number|Long|null;
              condition?: headwater.v1.ExpireCondition|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ expiry?: undefined; ttlMs?: null; expiresAtMs?: null }|{ expiry?: "ttlMs"; ttlMs: number|Long; expiresAtMs?: null }|{ expiry?: "expiresAtMs"; ttlMs?: null; expiresAtMs: number|Long })
            );
        }

        /**
         * Properties of an ExpireResponse.
         * @deprecated Use headwater.v1.ExpireResponse.$Properties instead.
         */
        interface IExpireResponse extends headwater.v1.ExpireResponse.$Properties {
        }

        /** Represents an ExpireResponse. */
        class ExpireResponse {

            /**
             * Constructs a new ExpireResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ExpireResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ExpireResponse applied. */
            applied: boolean;

            /**
             * Creates a new ExpireResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ExpireResponse instance
             */
            static create(properties: headwater.v1.ExpireResponse.$Shape): headwater.v1.ExpireResponse & headwater.v1.ExpireResponse.$Shape;
            static create(properties?: headwater.v1.ExpireResponse.$Properties): headwater.v1.ExpireResponse;

            /**
             * Encodes the specified ExpireResponse message. Does not implicitly {@link headwater.v1.ExpireResponse.verify|verify} messages.
             * @param m ExpireResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ExpireResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ExpireResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ExpireResponse & headwater.v1.ExpireResponse.$Shape} ExpireResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ExpireResponse & headwater.v1.ExpireResponse.$Shape;

            /**
             * Gets the type url for ExpireResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ExpireResponse {

            /** Properties of an ExpireResponse. */
            interface $Properties {

                /** ExpireResponse applied */
                applied?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ExpireResponse. */
            type $Shape = headwater.v1.ExpireResponse.$Properties;
        }

        /**
         * Properties of a PersistRequest.
         * @deprecated Use headwater.v1.PersistRequest.$Properties instead.
         */
        interface IPersistRequest extends headwater.v1.PersistRequest.$Properties {
        }

        /** Represents a PersistRequest. */
        class PersistRequest {

            /**
             * Constructs a new PersistRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PersistRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PersistRequest key. */
            key: Uint8Array;

            /**
             * Creates a new PersistRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PersistRequest instance
             */
            static create(properties: headwater.v1.PersistRequest.$Shape): headwater.v1.PersistRequest & headwater.v1.PersistRequest.$Shape;
            static create(properties?: headwater.v1.PersistRequest.$Properties): headwater.v1.PersistRequest;

            /**
             * Encodes the specified PersistRequest message. Does not implicitly {@link headwater.v1.PersistRequest.verify|verify} messages.
             * @param m PersistRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PersistRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PersistRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PersistRequest & headwater.v1.PersistRequest.$Shape} PersistRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PersistRequest & headwater.v1.PersistRequest.$Shape;

            /**
             * Gets the type url for PersistRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PersistRequest {

            /** Properties of a PersistRequest. */
            interface $Properties {

                /** PersistRequest key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PersistRequest. */
            type $Shape = headwater.v1.PersistRequest.$Properties;
        }

        /**
         * Properties of a PersistResponse.
         * @deprecated Use headwater.v1.PersistResponse.$Properties instead.
         */
        interface IPersistResponse extends headwater.v1.PersistResponse.$Properties {
        }

        /** Represents a PersistResponse. */
        class PersistResponse {

            /**
             * Constructs a new PersistResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PersistResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PersistResponse applied. */
            applied: boolean;

            /**
             * Creates a new PersistResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PersistResponse instance
             */
            static create(properties: headwater.v1.PersistResponse.$Shape): headwater.v1.PersistResponse & headwater.v1.PersistResponse.$Shape;
            static create(properties?: headwater.v1.PersistResponse.$Properties): headwater.v1.PersistResponse;

            /**
             * Encodes the specified PersistResponse message. Does not implicitly {@link headwater.v1.PersistResponse.verify|verify} messages.
             * @param m PersistResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PersistResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PersistResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PersistResponse & headwater.v1.PersistResponse.$Shape} PersistResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PersistResponse & headwater.v1.PersistResponse.$Shape;

            /**
             * Gets the type url for PersistResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PersistResponse {

            /** Properties of a PersistResponse. */
            interface $Properties {

                /** PersistResponse applied */
                applied?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PersistResponse. */
            type $Shape = headwater.v1.PersistResponse.$Properties;
        }

        /**
         * Properties of a RenameRequest.
         * @deprecated Use headwater.v1.RenameRequest.$Properties instead.
         */
        interface IRenameRequest extends headwater.v1.RenameRequest.$Properties {
        }

        /** Represents a RenameRequest. */
        class RenameRequest {

            /**
             * Constructs a new RenameRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RenameRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RenameRequest key. */
            key: Uint8Array;

            /** RenameRequest newKey. */
            newKey: Uint8Array;

            /** RenameRequest ifAbsent. */
            ifAbsent: boolean;

            /**
             * Creates a new RenameRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RenameRequest instance
             */
            static create(properties: headwater.v1.RenameRequest.$Shape): headwater.v1.RenameRequest & headwater.v1.RenameRequest.$Shape;
            static create(properties?: headwater.v1.RenameRequest.$Properties): headwater.v1.RenameRequest;

            /**
             * Encodes the specified RenameRequest message. Does not implicitly {@link headwater.v1.RenameRequest.verify|verify} messages.
             * @param m RenameRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RenameRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RenameRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RenameRequest & headwater.v1.RenameRequest.$Shape} RenameRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RenameRequest & headwater.v1.RenameRequest.$Shape;

            /**
             * Gets the type url for RenameRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RenameRequest {

            /** Properties of a RenameRequest. */
            interface $Properties {

                /** RenameRequest key */
                key?: (Uint8Array|null);

                /** RenameRequest newKey */
                newKey?: (Uint8Array|null);

                /** RenameRequest ifAbsent */
                ifAbsent?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RenameRequest. */
            type $Shape = headwater.v1.RenameRequest.$Properties;
        }

        /**
         * Properties of a RenameResponse.
         * @deprecated Use headwater.v1.RenameResponse.$Properties instead.
         */
        interface IRenameResponse extends headwater.v1.RenameResponse.$Properties {
        }

        /** Represents a RenameResponse. */
        class RenameResponse {

            /**
             * Constructs a new RenameResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RenameResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RenameResponse applied. */
            applied: boolean;

            /**
             * Creates a new RenameResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RenameResponse instance
             */
            static create(properties: headwater.v1.RenameResponse.$Shape): headwater.v1.RenameResponse & headwater.v1.RenameResponse.$Shape;
            static create(properties?: headwater.v1.RenameResponse.$Properties): headwater.v1.RenameResponse;

            /**
             * Encodes the specified RenameResponse message. Does not implicitly {@link headwater.v1.RenameResponse.verify|verify} messages.
             * @param m RenameResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RenameResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RenameResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RenameResponse & headwater.v1.RenameResponse.$Shape} RenameResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RenameResponse & headwater.v1.RenameResponse.$Shape;

            /**
             * Gets the type url for RenameResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RenameResponse {

            /** Properties of a RenameResponse. */
            interface $Properties {

                /** RenameResponse applied */
                applied?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RenameResponse. */
            type $Shape = headwater.v1.RenameResponse.$Properties;
        }

        /**
         * Properties of a TypeRequest.
         * @deprecated Use headwater.v1.TypeRequest.$Properties instead.
         */
        interface ITypeRequest extends headwater.v1.TypeRequest.$Properties {
        }

        /** Represents a TypeRequest. */
        class TypeRequest {

            /**
             * Constructs a new TypeRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.TypeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TypeRequest key. */
            key: Uint8Array;

            /**
             * Creates a new TypeRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TypeRequest instance
             */
            static create(properties: headwater.v1.TypeRequest.$Shape): headwater.v1.TypeRequest & headwater.v1.TypeRequest.$Shape;
            static create(properties?: headwater.v1.TypeRequest.$Properties): headwater.v1.TypeRequest;

            /**
             * Encodes the specified TypeRequest message. Does not implicitly {@link headwater.v1.TypeRequest.verify|verify} messages.
             * @param m TypeRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.TypeRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TypeRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.TypeRequest & headwater.v1.TypeRequest.$Shape} TypeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.TypeRequest & headwater.v1.TypeRequest.$Shape;

            /**
             * Gets the type url for TypeRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TypeRequest {

            /** Properties of a TypeRequest. */
            interface $Properties {

                /** TypeRequest key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TypeRequest. */
            type $Shape = headwater.v1.TypeRequest.$Properties;
        }

        /**
         * Properties of a TypeResponse.
         * @deprecated Use headwater.v1.TypeResponse.$Properties instead.
         */
        interface ITypeResponse extends headwater.v1.TypeResponse.$Properties {
        }

        /** Represents a TypeResponse. */
        class TypeResponse {

            /**
             * Constructs a new TypeResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.TypeResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TypeResponse type. */
            type: string;

            /**
             * Creates a new TypeResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TypeResponse instance
             */
            static create(properties: headwater.v1.TypeResponse.$Shape): headwater.v1.TypeResponse & headwater.v1.TypeResponse.$Shape;
            static create(properties?: headwater.v1.TypeResponse.$Properties): headwater.v1.TypeResponse;

            /**
             * Encodes the specified TypeResponse message. Does not implicitly {@link headwater.v1.TypeResponse.verify|verify} messages.
             * @param m TypeResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.TypeResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TypeResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.TypeResponse & headwater.v1.TypeResponse.$Shape} TypeResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.TypeResponse & headwater.v1.TypeResponse.$Shape;

            /**
             * Gets the type url for TypeResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TypeResponse {

            /** Properties of a TypeResponse. */
            interface $Properties {

                /** TypeResponse type */
                type?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TypeResponse. */
            type $Shape = headwater.v1.TypeResponse.$Properties;
        }

        /**
         * Properties of a FlushAllRequest.
         * @deprecated Use headwater.v1.FlushAllRequest.$Properties instead.
         */
        interface IFlushAllRequest extends headwater.v1.FlushAllRequest.$Properties {
        }

        /** Represents a FlushAllRequest. */
        class FlushAllRequest {

            /**
             * Constructs a new FlushAllRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FlushAllRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new FlushAllRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FlushAllRequest instance
             */
            static create(properties: headwater.v1.FlushAllRequest.$Shape): headwater.v1.FlushAllRequest & headwater.v1.FlushAllRequest.$Shape;
            static create(properties?: headwater.v1.FlushAllRequest.$Properties): headwater.v1.FlushAllRequest;

            /**
             * Encodes the specified FlushAllRequest message. Does not implicitly {@link headwater.v1.FlushAllRequest.verify|verify} messages.
             * @param m FlushAllRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FlushAllRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FlushAllRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FlushAllRequest & headwater.v1.FlushAllRequest.$Shape} FlushAllRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FlushAllRequest & headwater.v1.FlushAllRequest.$Shape;

            /**
             * Gets the type url for FlushAllRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FlushAllRequest {

            /** Properties of a FlushAllRequest. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FlushAllRequest. */
            type $Shape = headwater.v1.FlushAllRequest.$Properties;
        }

        /**
         * Properties of a FlushAllResponse.
         * @deprecated Use headwater.v1.FlushAllResponse.$Properties instead.
         */
        interface IFlushAllResponse extends headwater.v1.FlushAllResponse.$Properties {
        }

        /** Represents a FlushAllResponse. */
        class FlushAllResponse {

            /**
             * Constructs a new FlushAllResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FlushAllResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new FlushAllResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FlushAllResponse instance
             */
            static create(properties: headwater.v1.FlushAllResponse.$Shape): headwater.v1.FlushAllResponse & headwater.v1.FlushAllResponse.$Shape;
            static create(properties?: headwater.v1.FlushAllResponse.$Properties): headwater.v1.FlushAllResponse;

            /**
             * Encodes the specified FlushAllResponse message. Does not implicitly {@link headwater.v1.FlushAllResponse.verify|verify} messages.
             * @param m FlushAllResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FlushAllResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FlushAllResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FlushAllResponse & headwater.v1.FlushAllResponse.$Shape} FlushAllResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FlushAllResponse & headwater.v1.FlushAllResponse.$Shape;

            /**
             * Gets the type url for FlushAllResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FlushAllResponse {

            /** Properties of a FlushAllResponse. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FlushAllResponse. */
            type $Shape = headwater.v1.FlushAllResponse.$Properties;
        }

        /**
         * Properties of a PingRequest.
         * @deprecated Use headwater.v1.PingRequest.$Properties instead.
         */
        interface IPingRequest extends headwater.v1.PingRequest.$Properties {
        }

        /** Represents a PingRequest. */
        class PingRequest {

            /**
             * Constructs a new PingRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PingRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PingRequest message. */
            message: Uint8Array;

            /**
             * Creates a new PingRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PingRequest instance
             */
            static create(properties: headwater.v1.PingRequest.$Shape): headwater.v1.PingRequest & headwater.v1.PingRequest.$Shape;
            static create(properties?: headwater.v1.PingRequest.$Properties): headwater.v1.PingRequest;

            /**
             * Encodes the specified PingRequest message. Does not implicitly {@link headwater.v1.PingRequest.verify|verify} messages.
             * @param m PingRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PingRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PingRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PingRequest & headwater.v1.PingRequest.$Shape} PingRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PingRequest & headwater.v1.PingRequest.$Shape;

            /**
             * Gets the type url for PingRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PingRequest {

            /** Properties of a PingRequest. */
            interface $Properties {

                /** PingRequest message */
                message?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PingRequest. */
            type $Shape = headwater.v1.PingRequest.$Properties;
        }

        /**
         * Properties of a PingResponse.
         * @deprecated Use headwater.v1.PingResponse.$Properties instead.
         */
        interface IPingResponse extends headwater.v1.PingResponse.$Properties {
        }

        /** Represents a PingResponse. */
        class PingResponse {

            /**
             * Constructs a new PingResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PingResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PingResponse message. */
            message: Uint8Array;

            /**
             * Creates a new PingResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PingResponse instance
             */
            static create(properties: headwater.v1.PingResponse.$Shape): headwater.v1.PingResponse & headwater.v1.PingResponse.$Shape;
            static create(properties?: headwater.v1.PingResponse.$Properties): headwater.v1.PingResponse;

            /**
             * Encodes the specified PingResponse message. Does not implicitly {@link headwater.v1.PingResponse.verify|verify} messages.
             * @param m PingResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PingResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PingResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PingResponse & headwater.v1.PingResponse.$Shape} PingResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PingResponse & headwater.v1.PingResponse.$Shape;

            /**
             * Gets the type url for PingResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PingResponse {

            /** Properties of a PingResponse. */
            interface $Properties {

                /** PingResponse message */
                message?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PingResponse. */
            type $Shape = headwater.v1.PingResponse.$Properties;
        }

        /**
         * Properties of a Condition.
         * @deprecated Use headwater.v1.Condition.$Properties instead.
         */
        interface ICondition extends headwater.v1.Condition.$Properties {
        }

        /** Represents a Condition. */
        class Condition {

            /**
             * Constructs a new Condition.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Condition.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Condition key. */
            key: Uint8Array;

            /** Condition exists. */
            exists?: (boolean|null);

            /** Condition absent. */
            absent?: (boolean|null);

            /** Condition version. */
            version?: (number|Long|null);

            /** Condition value. */
            value?: (Uint8Array|null);

            /** Condition test. */
            test?: ("exists"|"absent"|"version"|"value");

            /**
             * Creates a new Condition instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Condition instance
             */
            static create(properties: headwater.v1.Condition.$Shape): headwater.v1.Condition & headwater.v1.Condition.$Shape;
            static create(properties?: headwater.v1.Condition.$Properties): headwater.v1.Condition;

            /**
             * Encodes the specified Condition message. Does not implicitly {@link headwater.v1.Condition.verify|verify} messages.
             * @param m Condition message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Condition.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Condition message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Condition & headwater.v1.Condition.$Shape} Condition
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Condition & headwater.v1.Condition.$Shape;

            /**
             * Gets the type url for Condition
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Condition {

            /** Properties of a Condition. */
            interface $Properties {

                /** Condition key */
                key?: (Uint8Array|null);

                /** Condition exists */
                exists?: (boolean|null);

                /** Condition absent */
                absent?: (boolean|null);

                /** Condition version */
                version?: (number|Long|null);

                /** Condition value */
                value?: (Uint8Array|null);

                /** Condition test */
                test?: ("exists"|"absent"|"version"|"value");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a Condition. */
            type $Shape = {
              key?: Uint8Array|null;
              exists?: boolean|null;
              absent?: boolean|null;
              version?: number|Long|null;
              value?: Uint8Array|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ test?: undefined; exists?: null; absent?: null; version?: null; value?: null }|{ test?: "exists"; exists: boolean; absent?: null; version?: null; value?: null }|{ test?: "absent"; exists?: null; absent: boolean; version?: null; value?: null }|{ test?: "version"; exists?: null; absent?: null; version: number|Long; value?: null }|{ test?: "value"; exists?: null; absent?: null; version?: null; value: Uint8Array })
            );
        }

        /**
         * Properties of a TransactRequest.
         * @deprecated Use headwater.v1.TransactRequest.$Properties instead.
         */
        interface ITransactRequest extends headwater.v1.TransactRequest.$Properties {
        }

        /** Represents a TransactRequest. */
        class TransactRequest {

            /**
             * Constructs a new TransactRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.TransactRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TransactRequest conditions. */
            conditions: headwater.v1.Condition.$Properties[];

            /** TransactRequest operations. */
            operations: headwater.v1.Operation.$Properties[];

            /**
             * Creates a new TransactRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TransactRequest instance
             */
            static create(properties: headwater.v1.TransactRequest.$Shape): headwater.v1.TransactRequest & headwater.v1.TransactRequest.$Shape;
            static create(properties?: headwater.v1.TransactRequest.$Properties): headwater.v1.TransactRequest;

            /**
             * Encodes the specified TransactRequest message. Does not implicitly {@link headwater.v1.TransactRequest.verify|verify} messages.
             * @param m TransactRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.TransactRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TransactRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.TransactRequest & headwater.v1.TransactRequest.$Shape} TransactRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.TransactRequest & headwater.v1.TransactRequest.$Shape;

            /**
             * Gets the type url for TransactRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TransactRequest {

            /** Properties of a TransactRequest. */
            interface $Properties {

                /** TransactRequest conditions */
                conditions?: (headwater.v1.Condition.$Properties[]|null);

                /** TransactRequest operations */
                operations?: (headwater.v1.Operation.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TransactRequest. */
            type $Shape = {
              conditions?: headwater.v1.Condition.$Shape[]|null;
              operations?: headwater.v1.Operation.$Shape[]|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a TransactResponse.
         * @deprecated Use headwater.v1.TransactResponse.$Properties instead.
         */
        interface ITransactResponse extends headwater.v1.TransactResponse.$Properties {
        }

        /** Represents a TransactResponse. */
        class TransactResponse {

            /**
             * Constructs a new TransactResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.TransactResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** TransactResponse committed. */
            committed: boolean;

            /** TransactResponse replies. */
            replies: headwater.v1.Reply.$Properties[];

            /** TransactResponse failedCondition. */
            failedCondition?: (number|null);

            /**
             * Creates a new TransactResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns TransactResponse instance
             */
            static create(properties: headwater.v1.TransactResponse.$Shape): headwater.v1.TransactResponse & headwater.v1.TransactResponse.$Shape;
            static create(properties?: headwater.v1.TransactResponse.$Properties): headwater.v1.TransactResponse;

            /**
             * Encodes the specified TransactResponse message. Does not implicitly {@link headwater.v1.TransactResponse.verify|verify} messages.
             * @param m TransactResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.TransactResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a TransactResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.TransactResponse & headwater.v1.TransactResponse.$Shape} TransactResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.TransactResponse & headwater.v1.TransactResponse.$Shape;

            /**
             * Gets the type url for TransactResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace TransactResponse {

            /** Properties of a TransactResponse. */
            interface $Properties {

                /** TransactResponse committed */
                committed?: (boolean|null);

                /** TransactResponse replies */
                replies?: (headwater.v1.Reply.$Properties[]|null);

                /** TransactResponse failedCondition */
                failedCondition?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a TransactResponse. */
            type $Shape = {
              committed?: boolean|null;
              replies?: headwater.v1.Reply.$Shape[]|null;
              failedCondition?: number|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of an Operation.
         * @deprecated Use headwater.v1.Operation.$Properties instead.
         */
        interface IOperation extends headwater.v1.Operation.$Properties {
        }

        /** Represents an Operation. */
        class Operation {

            /**
             * Constructs a new Operation.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Operation.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Operation get. */
            get?: (headwater.v1.GetRequest.$Properties|null);

            /** Operation multiGet. */
            multiGet?: (headwater.v1.MultiGetRequest.$Properties|null);

            /** Operation set. */
            set?: (headwater.v1.SetRequest.$Properties|null);

            /** Operation delete. */
            delete?: (headwater.v1.DeleteRequest.$Properties|null);

            /** Operation exists. */
            exists?: (headwater.v1.ExistsRequest.$Properties|null);

            /** Operation increment. */
            increment?: (headwater.v1.IncrementRequest.$Properties|null);

            /** Operation incrementFloat. */
            incrementFloat?: (headwater.v1.IncrementFloatRequest.$Properties|null);

            /** Operation append. */
            append?: (headwater.v1.AppendRequest.$Properties|null);

            /** Operation stringLength. */
            stringLength?: (headwater.v1.StringLengthRequest.$Properties|null);

            /** Operation getRange. */
            getRange?: (headwater.v1.GetRangeRequest.$Properties|null);

            /** Operation setRange. */
            setRange?: (headwater.v1.SetRangeRequest.$Properties|null);

            /** Operation getDelete. */
            getDelete?: (headwater.v1.GetDeleteRequest.$Properties|null);

            /** Operation getExpire. */
            getExpire?: (headwater.v1.GetExpireRequest.$Properties|null);

            /** Operation timeToLive. */
            timeToLive?: (headwater.v1.TimeToLiveRequest.$Properties|null);

            /** Operation expire. */
            expire?: (headwater.v1.ExpireRequest.$Properties|null);

            /** Operation persist. */
            persist?: (headwater.v1.PersistRequest.$Properties|null);

            /** Operation rename. */
            rename?: (headwater.v1.RenameRequest.$Properties|null);

            /** Operation type. */
            type?: (headwater.v1.TypeRequest.$Properties|null);

            /** Operation flushAll. */
            flushAll?: (headwater.v1.FlushAllRequest.$Properties|null);

            /** Operation ping. */
            ping?: (headwater.v1.PingRequest.$Properties|null);

            /** Operation transact. */
            transact?: (headwater.v1.TransactRequest.$Properties|null);

            /** Operation operation. */
            operation?: ("get"|"multiGet"|"set"|"delete"|"exists"|"increment"|"incrementFloat"|"append"|"stringLength"|"getRange"|"setRange"|"getDelete"|"getExpire"|"timeToLive"|"expire"|"persist"|"rename"|"type"|"flushAll"|"ping"|"transact");

            /**
             * Creates a new Operation instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Operation instance
             */
            static create(properties: headwater.v1.Operation.$Shape): headwater.v1.Operation & headwater.v1.Operation.$Shape;
            static create(properties?: headwater.v1.Operation.$Properties): headwater.v1.Operation;

            /**
             * Encodes the specified Operation message. Does not implicitly {@link headwater.v1.Operation.verify|verify} messages.
             * @param m Operation message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Operation.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Operation message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Operation & headwater.v1.Operation.$Shape} Operation
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Operation & headwater.v1.Operation.$Shape;

            /**
             * Gets the type url for Operation
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Operation {

            /** Properties of an Operation. */
            interface $Properties {

                /** Operation get */
                get?: (headwater.v1.GetRequest.$Properties|null);

                /** Operation multiGet */
                multiGet?: (headwater.v1.MultiGetRequest.$Properties|null);

                /** Operation set */
                set?: (headwater.v1.SetRequest.$Properties|null);

                /** Operation delete */
                "delete"?: (headwater.v1.DeleteRequest.$Properties|null);

                /** Operation exists */
                exists?: (headwater.v1.ExistsRequest.$Properties|null);

                /** Operation increment */
                increment?: (headwater.v1.IncrementRequest.$Properties|null);

                /** Operation incrementFloat */
                incrementFloat?: (headwater.v1.IncrementFloatRequest.$Properties|null);

                /** Operation append */
                append?: (headwater.v1.AppendRequest.$Properties|null);

                /** Operation stringLength */
                stringLength?: (headwater.v1.StringLengthRequest.$Properties|null);

                /** Operation getRange */
                getRange?: (headwater.v1.GetRangeRequest.$Properties|null);

                /** Operation setRange */
                setRange?: (headwater.v1.SetRangeRequest.$Properties|null);

                /** Operation getDelete */
                getDelete?: (headwater.v1.GetDeleteRequest.$Properties|null);

                /** Operation getExpire */
                getExpire?: (headwater.v1.GetExpireRequest.$Properties|null);

                /** Operation timeToLive */
                timeToLive?: (headwater.v1.TimeToLiveRequest.$Properties|null);

                /** Operation expire */
                expire?: (headwater.v1.ExpireRequest.$Properties|null);

                /** Operation persist */
                persist?: (headwater.v1.PersistRequest.$Properties|null);

                /** Operation rename */
                rename?: (headwater.v1.RenameRequest.$Properties|null);

                /** Operation type */
                type?: (headwater.v1.TypeRequest.$Properties|null);

                /** Operation flushAll */
                flushAll?: (headwater.v1.FlushAllRequest.$Properties|null);

                /** Operation ping */
                ping?: (headwater.v1.PingRequest.$Properties|null);

                /** Operation transact */
                transact?: (headwater.v1.TransactRequest.$Properties|null);

                /** Operation operation */
                operation?: ("get"|"multiGet"|"set"|"delete"|"exists"|"increment"|"incrementFloat"|"append"|"stringLength"|"getRange"|"setRange"|"getDelete"|"getExpire"|"timeToLive"|"expire"|"persist"|"rename"|"type"|"flushAll"|"ping"|"transact");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an Operation. */
            type $Shape = {
              get?: headwater.v1.GetRequest.$Shape|null;
              multiGet?: headwater.v1.MultiGetRequest.$Shape|null;
              set?: headwater.v1.SetRequest.$Shape|null;
              "delete"?: headwater.v1.DeleteRequest.$Shape|null;
              exists?: headwater.v1.ExistsRequest.$Shape|null;
              increment?: headwater.v1.IncrementRequest.$Shape|null;
              incrementFloat?: headwater.v1.IncrementFloatRequest.$Shape|null;
              append?: headwater.v1.AppendRequest.$Shape|null;
              stringLength?: headwater.v1.StringLengthRequest.$Shape|null;
              getRange?: headwater.v1.GetRangeRequest.$Shape|null;
              setRange?: headwater.v1.SetRangeRequest.$Shape|null;
              getDelete?: headwater.v1.GetDeleteRequest.$Shape|null;
              getExpire?: headwater.v1.GetExpireRequest.$Shape|null;
              timeToLive?: headwater.v1.TimeToLiveRequest.$Shape|null;
              expire?: headwater.v1.ExpireRequest.$Shape|null;
              persist?: headwater.v1.PersistRequest.$Shape|null;
              rename?: headwater.v1.RenameRequest.$Shape|null;
              type?: headwater.v1.TypeRequest.$Shape|null;
              flushAll?: headwater.v1.FlushAllRequest.$Shape|null;
              ping?: headwater.v1.PingRequest.$Shape|null;
              transact?: headwater.v1.TransactRequest.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ operation?: undefined; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "get"; get: headwater.v1.GetRequest.$Shape; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "multiGet"; get?: null; multiGet: headwater.v1.MultiGetRequest.$Shape; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "set"; get?: null; multiGet?: null; set: headwater.v1.SetRequest.$Shape; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "delete"; get?: null; multiGet?: null; set?: null; "delete": headwater.v1.DeleteRequest.$Shape; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "exists"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists: headwater.v1.ExistsRequest.$Shape; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "increment"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment: headwater.v1.IncrementRequest.$Shape; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "incrementFloat"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat: headwater.v1.IncrementFloatRequest.$Shape; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "append"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append: headwater.v1.AppendRequest.$Shape; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "stringLength"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength: headwater.v1.StringLengthRequest.$Shape; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "getRange"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange: headwater.v1.GetRangeRequest.$Shape; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "setRange"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange: headwater.v1.SetRangeRequest.$Shape; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "getDelete"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete: headwater.v1.GetDeleteRequest.$Shape; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "getExpire"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire: headwater.v1.GetExpireRequest.$Shape; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "timeToLive"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive: headwater.v1.TimeToLiveRequest.$Shape; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "expire"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire: headwater.v1.ExpireRequest.$Shape; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "persist"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist: headwater.v1.PersistRequest.$Shape; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "rename"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename: headwater.v1.RenameRequest.$Shape; type?: null; flushAll?: null; ping?: null; transact?: null }|{ operation?: "type"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type: headwater.v1.TypeRequest.$Shape; flushAll?: null; ping?: null; transact?: null }|{ operation?: "flushAll"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll: headwater.v1.FlushAllRequest.$Shape; ping?: null; transact?: null }|{ operation?: "ping"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping: headwater.v1.PingRequest.$Shape; transact?: null }|{ operation?: "transact"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact: headwater.v1.TransactRequest.$Shape })
            );
        }

        /**
         * Properties of a Reply.
         * @deprecated Use headwater.v1.Reply.$Properties instead.
         */
        interface IReply extends headwater.v1.Reply.$Properties {
        }

        /** Represents a Reply. */
        class Reply {

            /**
             * Constructs a new Reply.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Reply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Reply get. */
            get?: (headwater.v1.GetResponse.$Properties|null);

            /** Reply multiGet. */
            multiGet?: (headwater.v1.MultiGetResponse.$Properties|null);

            /** Reply set. */
            set?: (headwater.v1.SetResponse.$Properties|null);

            /** Reply delete. */
            delete?: (headwater.v1.DeleteResponse.$Properties|null);

            /** Reply exists. */
            exists?: (headwater.v1.ExistsResponse.$Properties|null);

            /** Reply increment. */
            increment?: (headwater.v1.IncrementResponse.$Properties|null);

            /** Reply incrementFloat. */
            incrementFloat?: (headwater.v1.IncrementFloatResponse.$Properties|null);

            /** Reply append. */
            append?: (headwater.v1.AppendResponse.$Properties|null);

            /** Reply stringLength. */
            stringLength?: (headwater.v1.StringLengthResponse.$Properties|null);

            /** Reply getRange. */
            getRange?: (headwater.v1.GetRangeResponse.$Properties|null);

            /** Reply setRange. */
            setRange?: (headwater.v1.SetRangeResponse.$Properties|null);

            /** Reply getDelete. */
            getDelete?: (headwater.v1.GetDeleteResponse.$Properties|null);

            /** Reply getExpire. */
            getExpire?: (headwater.v1.GetExpireResponse.$Properties|null);

            /** Reply timeToLive. */
            timeToLive?: (headwater.v1.TimeToLiveResponse.$Properties|null);

            /** Reply expire. */
            expire?: (headwater.v1.ExpireResponse.$Properties|null);

            /** Reply persist. */
            persist?: (headwater.v1.PersistResponse.$Properties|null);

            /** Reply rename. */
            rename?: (headwater.v1.RenameResponse.$Properties|null);

            /** Reply type. */
            type?: (headwater.v1.TypeResponse.$Properties|null);

            /** Reply flushAll. */
            flushAll?: (headwater.v1.FlushAllResponse.$Properties|null);

            /** Reply ping. */
            ping?: (headwater.v1.PingResponse.$Properties|null);

            /** Reply transact. */
            transact?: (headwater.v1.TransactResponse.$Properties|null);

            /** Reply error. */
            error?: (headwater.v1.ErrorReply.$Properties|null);

            /** Reply reply. */
            reply?: ("get"|"multiGet"|"set"|"delete"|"exists"|"increment"|"incrementFloat"|"append"|"stringLength"|"getRange"|"setRange"|"getDelete"|"getExpire"|"timeToLive"|"expire"|"persist"|"rename"|"type"|"flushAll"|"ping"|"transact"|"error");

            /**
             * Creates a new Reply instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Reply instance
             */
            static create(properties: headwater.v1.Reply.$Shape): headwater.v1.Reply & headwater.v1.Reply.$Shape;
            static create(properties?: headwater.v1.Reply.$Properties): headwater.v1.Reply;

            /**
             * Encodes the specified Reply message. Does not implicitly {@link headwater.v1.Reply.verify|verify} messages.
             * @param m Reply message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Reply.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Reply message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Reply & headwater.v1.Reply.$Shape} Reply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Reply & headwater.v1.Reply.$Shape;

            /**
             * Gets the type url for Reply
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Reply {

            /** Properties of a Reply. */
            interface $Properties {

                /** Reply get */
                get?: (headwater.v1.GetResponse.$Properties|null);

                /** Reply multiGet */
                multiGet?: (headwater.v1.MultiGetResponse.$Properties|null);

                /** Reply set */
                set?: (headwater.v1.SetResponse.$Properties|null);

                /** Reply delete */
                "delete"?: (headwater.v1.DeleteResponse.$Properties|null);

                /** Reply exists */
                exists?: (headwater.v1.ExistsResponse.$Properties|null);

                /** Reply increment */
                increment?: (headwater.v1.IncrementResponse.$Properties|null);

                /** Reply incrementFloat */
                incrementFloat?: (headwater.v1.IncrementFloatResponse.$Properties|null);

                /** Reply append */
                append?: (headwater.v1.AppendResponse.$Properties|null);

                /** Reply stringLength */
                stringLength?: (headwater.v1.StringLengthResponse.$Properties|null);

                /** Reply getRange */
                getRange?: (headwater.v1.GetRangeResponse.$Properties|null);

                /** Reply setRange */
                setRange?: (headwater.v1.SetRangeResponse.$Properties|null);

                /** Reply getDelete */
                getDelete?: (headwater.v1.GetDeleteResponse.$Properties|null);

                /** Reply getExpire */
                getExpire?: (headwater.v1.GetExpireResponse.$Properties|null);

                /** Reply timeToLive */
                timeToLive?: (headwater.v1.TimeToLiveResponse.$Properties|null);

                /** Reply expire */
                expire?: (headwater.v1.ExpireResponse.$Properties|null);

                /** Reply persist */
                persist?: (headwater.v1.PersistResponse.$Properties|null);

                /** Reply rename */
                rename?: (headwater.v1.RenameResponse.$Properties|null);

                /** Reply type */
                type?: (headwater.v1.TypeResponse.$Properties|null);

                /** Reply flushAll */
                flushAll?: (headwater.v1.FlushAllResponse.$Properties|null);

                /** Reply ping */
                ping?: (headwater.v1.PingResponse.$Properties|null);

                /** Reply transact */
                transact?: (headwater.v1.TransactResponse.$Properties|null);

                /** Reply error */
                error?: (headwater.v1.ErrorReply.$Properties|null);

                /** Reply reply */
                reply?: ("get"|"multiGet"|"set"|"delete"|"exists"|"increment"|"incrementFloat"|"append"|"stringLength"|"getRange"|"setRange"|"getDelete"|"getExpire"|"timeToLive"|"expire"|"persist"|"rename"|"type"|"flushAll"|"ping"|"transact"|"error");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a Reply. */
            type $Shape = {
              get?: headwater.v1.GetResponse.$Shape|null;
              multiGet?: headwater.v1.MultiGetResponse.$Shape|null;
              set?: headwater.v1.SetResponse.$Shape|null;
              "delete"?: headwater.v1.DeleteResponse.$Shape|null;
              exists?: headwater.v1.ExistsResponse.$Shape|null;
              increment?: headwater.v1.IncrementResponse.$Shape|null;
              incrementFloat?: headwater.v1.IncrementFloatResponse.$Shape|null;
              append?: headwater.v1.AppendResponse.$Shape|null;
              stringLength?: headwater.v1.StringLengthResponse.$Shape|null;
              getRange?: headwater.v1.GetRangeResponse.$Shape|null;
              setRange?: headwater.v1.SetRangeResponse.$Shape|null;
              getDelete?: headwater.v1.GetDeleteResponse.$Shape|null;
              getExpire?: headwater.v1.GetExpireResponse.$Shape|null;
              timeToLive?: headwater.v1.TimeToLiveResponse.$Shape|null;
              expire?: headwater.v1.ExpireResponse.$Shape|null;
              persist?: headwater.v1.PersistResponse.$Shape|null;
              rename?: headwater.v1.RenameResponse.$Shape|null;
              type?: headwater.v1.TypeResponse.$Shape|null;
              flushAll?: headwater.v1.FlushAllResponse.$Shape|null;
              ping?: headwater.v1.PingResponse.$Shape|null;
              transact?: headwater.v1.TransactResponse.$Shape|null;
              error?: headwater.v1.ErrorReply.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ reply?: undefined; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "get"; get: headwater.v1.GetResponse.$Shape; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "multiGet"; get?: null; multiGet: headwater.v1.MultiGetResponse.$Shape; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "set"; get?: null; multiGet?: null; set: headwater.v1.SetResponse.$Shape; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "delete"; get?: null; multiGet?: null; set?: null; "delete": headwater.v1.DeleteResponse.$Shape; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "exists"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists: headwater.v1.ExistsResponse.$Shape; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "increment"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment: headwater.v1.IncrementResponse.$Shape; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "incrementFloat"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat: headwater.v1.IncrementFloatResponse.$Shape; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "append"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append: headwater.v1.AppendResponse.$Shape; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "stringLength"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength: headwater.v1.StringLengthResponse.$Shape; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "getRange"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange: headwater.v1.GetRangeResponse.$Shape; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "setRange"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange: headwater.v1.SetRangeResponse.$Shape; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "getDelete"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete: headwater.v1.GetDeleteResponse.$Shape; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "getExpire"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire: headwater.v1.GetExpireResponse.$Shape; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "timeToLive"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive: headwater.v1.TimeToLiveResponse.$Shape; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "expire"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire: headwater.v1.ExpireResponse.$Shape; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "persist"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist: headwater.v1.PersistResponse.$Shape; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "rename"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename: headwater.v1.RenameResponse.$Shape; type?: null; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "type"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type: headwater.v1.TypeResponse.$Shape; flushAll?: null; ping?: null; transact?: null; error?: null }|{ reply?: "flushAll"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll: headwater.v1.FlushAllResponse.$Shape; ping?: null; transact?: null; error?: null }|{ reply?: "ping"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping: headwater.v1.PingResponse.$Shape; transact?: null; error?: null }|{ reply?: "transact"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact: headwater.v1.TransactResponse.$Shape; error?: null }|{ reply?: "error"; get?: null; multiGet?: null; set?: null; "delete"?: null; exists?: null; increment?: null; incrementFloat?: null; append?: null; stringLength?: null; getRange?: null; setRange?: null; getDelete?: null; getExpire?: null; timeToLive?: null; expire?: null; persist?: null; rename?: null; type?: null; flushAll?: null; ping?: null; transact?: null; error: headwater.v1.ErrorReply.$Shape })
            );
        }

        /**
         * Properties of an ErrorReply.
         * @deprecated Use headwater.v1.ErrorReply.$Properties instead.
         */
        interface IErrorReply extends headwater.v1.ErrorReply.$Properties {
        }

        /** Represents an ErrorReply. */
        class ErrorReply {

            /**
             * Constructs a new ErrorReply.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ErrorReply.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ErrorReply code. */
            code: number;

            /** ErrorReply message. */
            message: string;

            /** ErrorReply reason. */
            reason: string;

            /** ErrorReply details. */
            details: headwater.v1.Detail.$Properties[];

            /**
             * Creates a new ErrorReply instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ErrorReply instance
             */
            static create(properties: headwater.v1.ErrorReply.$Shape): headwater.v1.ErrorReply & headwater.v1.ErrorReply.$Shape;
            static create(properties?: headwater.v1.ErrorReply.$Properties): headwater.v1.ErrorReply;

            /**
             * Encodes the specified ErrorReply message. Does not implicitly {@link headwater.v1.ErrorReply.verify|verify} messages.
             * @param m ErrorReply message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ErrorReply.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ErrorReply message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ErrorReply & headwater.v1.ErrorReply.$Shape} ErrorReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ErrorReply & headwater.v1.ErrorReply.$Shape;

            /**
             * Gets the type url for ErrorReply
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ErrorReply {

            /** Properties of an ErrorReply. */
            interface $Properties {

                /** ErrorReply code */
                code?: (number|null);

                /** ErrorReply message */
                message?: (string|null);

                /** ErrorReply reason */
                reason?: (string|null);

                /** ErrorReply details */
                details?: (headwater.v1.Detail.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ErrorReply. */
            type $Shape = headwater.v1.ErrorReply.$Properties;
        }

        /**
         * Properties of a Detail.
         * @deprecated Use headwater.v1.Detail.$Properties instead.
         */
        interface IDetail extends headwater.v1.Detail.$Properties {
        }

        /** Represents a Detail. */
        class Detail {

            /**
             * Constructs a new Detail.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Detail.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Detail name. */
            name: string;

            /** Detail value. */
            value: string;

            /**
             * Creates a new Detail instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Detail instance
             */
            static create(properties: headwater.v1.Detail.$Shape): headwater.v1.Detail & headwater.v1.Detail.$Shape;
            static create(properties?: headwater.v1.Detail.$Properties): headwater.v1.Detail;

            /**
             * Encodes the specified Detail message. Does not implicitly {@link headwater.v1.Detail.verify|verify} messages.
             * @param m Detail message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Detail.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Detail message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Detail & headwater.v1.Detail.$Shape} Detail
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Detail & headwater.v1.Detail.$Shape;

            /**
             * Gets the type url for Detail
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Detail {

            /** Properties of a Detail. */
            interface $Properties {

                /** Detail name */
                name?: (string|null);

                /** Detail value */
                value?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Detail. */
            type $Shape = headwater.v1.Detail.$Properties;
        }

        /**
         * Properties of a PipelineRequest.
         * @deprecated Use headwater.v1.PipelineRequest.$Properties instead.
         */
        interface IPipelineRequest extends headwater.v1.PipelineRequest.$Properties {
        }

        /** Represents a PipelineRequest. */
        class PipelineRequest {

            /**
             * Constructs a new PipelineRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PipelineRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PipelineRequest operations. */
            operations: headwater.v1.Operation.$Properties[];

            /** PipelineRequest durability. */
            durability?: (headwater.v1.Durability.$Properties|null);

            /** PipelineRequest atLeast. */
            atLeast?: (headwater.v1.Position.$Properties|null);

            /** PipelineRequest maxStalenessMs. */
            maxStalenessMs: (number|Long);

            /** PipelineRequest freshWithinMs. */
            freshWithinMs: (number|Long);

            /** PipelineRequest alsoAtLeast. */
            alsoAtLeast?: (headwater.v1.Position.$Properties|null);

            /**
             * Creates a new PipelineRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PipelineRequest instance
             */
            static create(properties: headwater.v1.PipelineRequest.$Shape): headwater.v1.PipelineRequest & headwater.v1.PipelineRequest.$Shape;
            static create(properties?: headwater.v1.PipelineRequest.$Properties): headwater.v1.PipelineRequest;

            /**
             * Encodes the specified PipelineRequest message. Does not implicitly {@link headwater.v1.PipelineRequest.verify|verify} messages.
             * @param m PipelineRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PipelineRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PipelineRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PipelineRequest & headwater.v1.PipelineRequest.$Shape} PipelineRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PipelineRequest & headwater.v1.PipelineRequest.$Shape;

            /**
             * Gets the type url for PipelineRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PipelineRequest {

            /** Properties of a PipelineRequest. */
            interface $Properties {

                /** PipelineRequest operations */
                operations?: (headwater.v1.Operation.$Properties[]|null);

                /** PipelineRequest durability */
                durability?: (headwater.v1.Durability.$Properties|null);

                /** PipelineRequest atLeast */
                atLeast?: (headwater.v1.Position.$Properties|null);

                /** PipelineRequest maxStalenessMs */
                maxStalenessMs?: (number|Long|null);

                /** PipelineRequest freshWithinMs */
                freshWithinMs?: (number|Long|null);

                /** PipelineRequest alsoAtLeast */
                alsoAtLeast?: (headwater.v1.Position.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PipelineRequest. */
            type $Shape = {
              operations?: headwater.v1.Operation.$Shape[]|null;
              durability?: headwater.v1.Durability.$Shape|null;
              atLeast?: headwater.v1.Position.$Shape|null;
              maxStalenessMs?: number|Long|null;
              freshWithinMs?: number|Long|null;
              alsoAtLeast?: headwater.v1.Position.$Shape|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a PipelineResponse.
         * @deprecated Use headwater.v1.PipelineResponse.$Properties instead.
         */
        interface IPipelineResponse extends headwater.v1.PipelineResponse.$Properties {
        }

        /** Represents a PipelineResponse. */
        class PipelineResponse {

            /**
             * Constructs a new PipelineResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PipelineResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PipelineResponse replies. */
            replies: headwater.v1.Reply.$Properties[];

            /** PipelineResponse position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** PipelineResponse reached. */
            reached?: (headwater.v1.DurabilityReached.$Properties|null);

            /**
             * Creates a new PipelineResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PipelineResponse instance
             */
            static create(properties: headwater.v1.PipelineResponse.$Shape): headwater.v1.PipelineResponse & headwater.v1.PipelineResponse.$Shape;
            static create(properties?: headwater.v1.PipelineResponse.$Properties): headwater.v1.PipelineResponse;

            /**
             * Encodes the specified PipelineResponse message. Does not implicitly {@link headwater.v1.PipelineResponse.verify|verify} messages.
             * @param m PipelineResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PipelineResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PipelineResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PipelineResponse & headwater.v1.PipelineResponse.$Shape} PipelineResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PipelineResponse & headwater.v1.PipelineResponse.$Shape;

            /**
             * Gets the type url for PipelineResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PipelineResponse {

            /** Properties of a PipelineResponse. */
            interface $Properties {

                /** PipelineResponse replies */
                replies?: (headwater.v1.Reply.$Properties[]|null);

                /** PipelineResponse position */
                position?: (headwater.v1.Position.$Properties|null);

                /** PipelineResponse reached */
                reached?: (headwater.v1.DurabilityReached.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PipelineResponse. */
            type $Shape = {
              replies?: headwater.v1.Reply.$Shape[]|null;
              position?: headwater.v1.Position.$Shape|null;
              reached?: headwater.v1.DurabilityReached.$Shape|null;
              $unknowns?: Uint8Array[];
            };
        }

        /** DurabilityLevel enum. */
        enum DurabilityLevel {

            /** DURABILITY_LEVEL_UNSPECIFIED value */
            DURABILITY_LEVEL_UNSPECIFIED = 0,

            /** DURABILITY_LEVEL_APPENDED value */
            DURABILITY_LEVEL_APPENDED = 1,

            /** DURABILITY_LEVEL_SYNCED value */
            DURABILITY_LEVEL_SYNCED = 2,

            /** DURABILITY_LEVEL_FOLLOWERS value */
            DURABILITY_LEVEL_FOLLOWERS = 3,

            /** DURABILITY_LEVEL_FOLLOWERS_SYNCED value */
            DURABILITY_LEVEL_FOLLOWERS_SYNCED = 4
        }

        /**
         * Properties of a Durability.
         * @deprecated Use headwater.v1.Durability.$Properties instead.
         */
        interface IDurability extends headwater.v1.Durability.$Properties {
        }

        /** Represents a Durability. */
        class Durability {

            /**
             * Constructs a new Durability.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Durability.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Durability level. */
            level: headwater.v1.DurabilityLevel;

            /** Durability followers. */
            followers: number;

            /** Durability timeoutMs. */
            timeoutMs: (number|Long);

            /**
             * Creates a new Durability instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Durability instance
             */
            static create(properties: headwater.v1.Durability.$Shape): headwater.v1.Durability & headwater.v1.Durability.$Shape;
            static create(properties?: headwater.v1.Durability.$Properties): headwater.v1.Durability;

            /**
             * Encodes the specified Durability message. Does not implicitly {@link headwater.v1.Durability.verify|verify} messages.
             * @param m Durability message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Durability.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Durability message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Durability & headwater.v1.Durability.$Shape} Durability
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Durability & headwater.v1.Durability.$Shape;

            /**
             * Gets the type url for Durability
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Durability {

            /** Properties of a Durability. */
            interface $Properties {

                /** Durability level */
                level?: (headwater.v1.DurabilityLevel|null);

                /** Durability followers */
                followers?: (number|null);

                /** Durability timeoutMs */
                timeoutMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Durability. */
            type $Shape = headwater.v1.Durability.$Properties;
        }

        /**
         * Properties of a DurabilityReached.
         * @deprecated Use headwater.v1.DurabilityReached.$Properties instead.
         */
        interface IDurabilityReached extends headwater.v1.DurabilityReached.$Properties {
        }

        /** Represents a DurabilityReached. */
        class DurabilityReached {

            /**
             * Constructs a new DurabilityReached.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DurabilityReached.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DurabilityReached reached. */
            reached: boolean;

            /** DurabilityReached synced. */
            synced: boolean;

            /** DurabilityReached followersAppended. */
            followersAppended: number;

            /** DurabilityReached followersSynced. */
            followersSynced: number;

            /** DurabilityReached unsyncedHere. */
            unsyncedHere: boolean;

            /**
             * Creates a new DurabilityReached instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DurabilityReached instance
             */
            static create(properties: headwater.v1.DurabilityReached.$Shape): headwater.v1.DurabilityReached & headwater.v1.DurabilityReached.$Shape;
            static create(properties?: headwater.v1.DurabilityReached.$Properties): headwater.v1.DurabilityReached;

            /**
             * Encodes the specified DurabilityReached message. Does not implicitly {@link headwater.v1.DurabilityReached.verify|verify} messages.
             * @param m DurabilityReached message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DurabilityReached.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DurabilityReached message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DurabilityReached & headwater.v1.DurabilityReached.$Shape} DurabilityReached
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DurabilityReached & headwater.v1.DurabilityReached.$Shape;

            /**
             * Gets the type url for DurabilityReached
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DurabilityReached {

            /** Properties of a DurabilityReached. */
            interface $Properties {

                /** DurabilityReached reached */
                reached?: (boolean|null);

                /** DurabilityReached synced */
                synced?: (boolean|null);

                /** DurabilityReached followersAppended */
                followersAppended?: (number|null);

                /** DurabilityReached followersSynced */
                followersSynced?: (number|null);

                /** DurabilityReached unsyncedHere */
                unsyncedHere?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DurabilityReached. */
            type $Shape = headwater.v1.DurabilityReached.$Properties;
        }

        /**
         * Properties of a Position.
         * @deprecated Use headwater.v1.Position.$Properties instead.
         */
        interface IPosition extends headwater.v1.Position.$Properties {
        }

        /** Represents a Position. */
        class Position {

            /**
             * Constructs a new Position.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Position.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Position replicationId. */
            replicationId: Uint8Array;

            /** Position offset. */
            offset: (number|Long);

            /** Position checksum. */
            checksum: number;

            /**
             * Creates a new Position instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Position instance
             */
            static create(properties: headwater.v1.Position.$Shape): headwater.v1.Position & headwater.v1.Position.$Shape;
            static create(properties?: headwater.v1.Position.$Properties): headwater.v1.Position;

            /**
             * Encodes the specified Position message. Does not implicitly {@link headwater.v1.Position.verify|verify} messages.
             * @param m Position message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Position.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Position message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Position & headwater.v1.Position.$Shape} Position
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Position & headwater.v1.Position.$Shape;

            /**
             * Gets the type url for Position
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Position {

            /** Properties of a Position. */
            interface $Properties {

                /** Position replicationId */
                replicationId?: (Uint8Array|null);

                /** Position offset */
                offset?: (number|Long|null);

                /** Position checksum */
                checksum?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Position. */
            type $Shape = headwater.v1.Position.$Properties;
        }

        /**
         * Properties of a DatabaseSizeRequest.
         * @deprecated Use headwater.v1.DatabaseSizeRequest.$Properties instead.
         */
        interface IDatabaseSizeRequest extends headwater.v1.DatabaseSizeRequest.$Properties {
        }

        /** Represents a DatabaseSizeRequest. */
        class DatabaseSizeRequest {

            /**
             * Constructs a new DatabaseSizeRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DatabaseSizeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new DatabaseSizeRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DatabaseSizeRequest instance
             */
            static create(properties: headwater.v1.DatabaseSizeRequest.$Shape): headwater.v1.DatabaseSizeRequest & headwater.v1.DatabaseSizeRequest.$Shape;
            static create(properties?: headwater.v1.DatabaseSizeRequest.$Properties): headwater.v1.DatabaseSizeRequest;

            /**
             * Encodes the specified DatabaseSizeRequest message. Does not implicitly {@link headwater.v1.DatabaseSizeRequest.verify|verify} messages.
             * @param m DatabaseSizeRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DatabaseSizeRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DatabaseSizeRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DatabaseSizeRequest & headwater.v1.DatabaseSizeRequest.$Shape} DatabaseSizeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DatabaseSizeRequest & headwater.v1.DatabaseSizeRequest.$Shape;

            /**
             * Gets the type url for DatabaseSizeRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DatabaseSizeRequest {

            /** Properties of a DatabaseSizeRequest. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DatabaseSizeRequest. */
            type $Shape = headwater.v1.DatabaseSizeRequest.$Properties;
        }

        /**
         * Properties of a DatabaseSizeResponse.
         * @deprecated Use headwater.v1.DatabaseSizeResponse.$Properties instead.
         */
        interface IDatabaseSizeResponse extends headwater.v1.DatabaseSizeResponse.$Properties {
        }

        /** Represents a DatabaseSizeResponse. */
        class DatabaseSizeResponse {

            /**
             * Constructs a new DatabaseSizeResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DatabaseSizeResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DatabaseSizeResponse keys. */
            keys: (number|Long);

            /**
             * Creates a new DatabaseSizeResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DatabaseSizeResponse instance
             */
            static create(properties: headwater.v1.DatabaseSizeResponse.$Shape): headwater.v1.DatabaseSizeResponse & headwater.v1.DatabaseSizeResponse.$Shape;
            static create(properties?: headwater.v1.DatabaseSizeResponse.$Properties): headwater.v1.DatabaseSizeResponse;

            /**
             * Encodes the specified DatabaseSizeResponse message. Does not implicitly {@link headwater.v1.DatabaseSizeResponse.verify|verify} messages.
             * @param m DatabaseSizeResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DatabaseSizeResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DatabaseSizeResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DatabaseSizeResponse & headwater.v1.DatabaseSizeResponse.$Shape} DatabaseSizeResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DatabaseSizeResponse & headwater.v1.DatabaseSizeResponse.$Shape;

            /**
             * Gets the type url for DatabaseSizeResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DatabaseSizeResponse {

            /** Properties of a DatabaseSizeResponse. */
            interface $Properties {

                /** DatabaseSizeResponse keys */
                keys?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DatabaseSizeResponse. */
            type $Shape = headwater.v1.DatabaseSizeResponse.$Properties;
        }

        /**
         * Properties of a KeysRequest.
         * @deprecated Use headwater.v1.KeysRequest.$Properties instead.
         */
        interface IKeysRequest extends headwater.v1.KeysRequest.$Properties {
        }

        /** Represents a KeysRequest. */
        class KeysRequest {

            /**
             * Constructs a new KeysRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.KeysRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** KeysRequest pattern. */
            pattern: Uint8Array;

            /**
             * Creates a new KeysRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns KeysRequest instance
             */
            static create(properties: headwater.v1.KeysRequest.$Shape): headwater.v1.KeysRequest & headwater.v1.KeysRequest.$Shape;
            static create(properties?: headwater.v1.KeysRequest.$Properties): headwater.v1.KeysRequest;

            /**
             * Encodes the specified KeysRequest message. Does not implicitly {@link headwater.v1.KeysRequest.verify|verify} messages.
             * @param m KeysRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.KeysRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a KeysRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.KeysRequest & headwater.v1.KeysRequest.$Shape} KeysRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.KeysRequest & headwater.v1.KeysRequest.$Shape;

            /**
             * Gets the type url for KeysRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace KeysRequest {

            /** Properties of a KeysRequest. */
            interface $Properties {

                /** KeysRequest pattern */
                pattern?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a KeysRequest. */
            type $Shape = headwater.v1.KeysRequest.$Properties;
        }

        /**
         * Properties of a KeysResponse.
         * @deprecated Use headwater.v1.KeysResponse.$Properties instead.
         */
        interface IKeysResponse extends headwater.v1.KeysResponse.$Properties {
        }

        /** Represents a KeysResponse. */
        class KeysResponse {

            /**
             * Constructs a new KeysResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.KeysResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** KeysResponse keys. */
            keys: Uint8Array[];

            /**
             * Creates a new KeysResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns KeysResponse instance
             */
            static create(properties: headwater.v1.KeysResponse.$Shape): headwater.v1.KeysResponse & headwater.v1.KeysResponse.$Shape;
            static create(properties?: headwater.v1.KeysResponse.$Properties): headwater.v1.KeysResponse;

            /**
             * Encodes the specified KeysResponse message. Does not implicitly {@link headwater.v1.KeysResponse.verify|verify} messages.
             * @param m KeysResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.KeysResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a KeysResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.KeysResponse & headwater.v1.KeysResponse.$Shape} KeysResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.KeysResponse & headwater.v1.KeysResponse.$Shape;

            /**
             * Gets the type url for KeysResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace KeysResponse {

            /** Properties of a KeysResponse. */
            interface $Properties {

                /** KeysResponse keys */
                keys?: (Uint8Array[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a KeysResponse. */
            type $Shape = headwater.v1.KeysResponse.$Properties;
        }

        /**
         * Properties of a ScanRequest.
         * @deprecated Use headwater.v1.ScanRequest.$Properties instead.
         */
        interface IScanRequest extends headwater.v1.ScanRequest.$Properties {
        }

        /** Represents a ScanRequest. */
        class ScanRequest {

            /**
             * Constructs a new ScanRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ScanRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ScanRequest pattern. */
            pattern: Uint8Array;

            /** ScanRequest keysOnly. */
            keysOnly: boolean;

            /**
             * Creates a new ScanRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ScanRequest instance
             */
            static create(properties: headwater.v1.ScanRequest.$Shape): headwater.v1.ScanRequest & headwater.v1.ScanRequest.$Shape;
            static create(properties?: headwater.v1.ScanRequest.$Properties): headwater.v1.ScanRequest;

            /**
             * Encodes the specified ScanRequest message. Does not implicitly {@link headwater.v1.ScanRequest.verify|verify} messages.
             * @param m ScanRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ScanRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ScanRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ScanRequest & headwater.v1.ScanRequest.$Shape} ScanRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ScanRequest & headwater.v1.ScanRequest.$Shape;

            /**
             * Gets the type url for ScanRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ScanRequest {

            /** Properties of a ScanRequest. */
            interface $Properties {

                /** ScanRequest pattern */
                pattern?: (Uint8Array|null);

                /** ScanRequest keysOnly */
                keysOnly?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ScanRequest. */
            type $Shape = headwater.v1.ScanRequest.$Properties;
        }

        /**
         * Properties of a ScanResponse.
         * @deprecated Use headwater.v1.ScanResponse.$Properties instead.
         */
        interface IScanResponse extends headwater.v1.ScanResponse.$Properties {
        }

        /** Represents a ScanResponse. */
        class ScanResponse {

            /**
             * Constructs a new ScanResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ScanResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ScanResponse records. */
            records: headwater.v1.Record.$Properties[];

            /** ScanResponse offset. */
            offset: (number|Long);

            /**
             * Creates a new ScanResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ScanResponse instance
             */
            static create(properties: headwater.v1.ScanResponse.$Shape): headwater.v1.ScanResponse & headwater.v1.ScanResponse.$Shape;
            static create(properties?: headwater.v1.ScanResponse.$Properties): headwater.v1.ScanResponse;

            /**
             * Encodes the specified ScanResponse message. Does not implicitly {@link headwater.v1.ScanResponse.verify|verify} messages.
             * @param m ScanResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ScanResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a ScanResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ScanResponse & headwater.v1.ScanResponse.$Shape} ScanResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ScanResponse & headwater.v1.ScanResponse.$Shape;

            /**
             * Gets the type url for ScanResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ScanResponse {

            /** Properties of a ScanResponse. */
            interface $Properties {

                /** ScanResponse records */
                records?: (headwater.v1.Record.$Properties[]|null);

                /** ScanResponse offset */
                offset?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a ScanResponse. */
            type $Shape = headwater.v1.ScanResponse.$Properties;
        }

        /**
         * Properties of a Record.
         * @deprecated Use headwater.v1.Record.$Properties instead.
         */
        interface IRecord extends headwater.v1.Record.$Properties {
        }

        /** Represents a Record. */
        class Record {

            /**
             * Constructs a new Record.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Record.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Record key. */
            key: Uint8Array;

            /** Record value. */
            value: Uint8Array;

            /** Record type. */
            type: string;

            /** Record expiresAtMs. */
            expiresAtMs: (number|Long);

            /** Record version. */
            version: (number|Long);

            /**
             * Creates a new Record instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Record instance
             */
            static create(properties: headwater.v1.Record.$Shape): headwater.v1.Record & headwater.v1.Record.$Shape;
            static create(properties?: headwater.v1.Record.$Properties): headwater.v1.Record;

            /**
             * Encodes the specified Record message. Does not implicitly {@link headwater.v1.Record.verify|verify} messages.
             * @param m Record message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Record.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Record message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Record & headwater.v1.Record.$Shape} Record
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Record & headwater.v1.Record.$Shape;

            /**
             * Gets the type url for Record
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Record {

            /** Properties of a Record. */
            interface $Properties {

                /** Record key */
                key?: (Uint8Array|null);

                /** Record value */
                value?: (Uint8Array|null);

                /** Record type */
                type?: (string|null);

                /** Record expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** Record version */
                version?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Record. */
            type $Shape = headwater.v1.Record.$Properties;
        }

        /**
         * Properties of a BlockPayload.
         * @deprecated Use headwater.v1.BlockPayload.$Properties instead.
         */
        interface IBlockPayload extends headwater.v1.BlockPayload.$Properties {
        }

        /** Represents a BlockPayload. */
        class BlockPayload {

            /**
             * Constructs a new BlockPayload.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.BlockPayload.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BlockPayload commands. */
            commands: headwater.v1.Command.$Properties[];

            /**
             * Creates a new BlockPayload instance using the specified properties.
             * @param [properties] Properties to set
             * @returns BlockPayload instance
             */
            static create(properties: headwater.v1.BlockPayload.$Shape): headwater.v1.BlockPayload & headwater.v1.BlockPayload.$Shape;
            static create(properties?: headwater.v1.BlockPayload.$Properties): headwater.v1.BlockPayload;

            /**
             * Encodes the specified BlockPayload message. Does not implicitly {@link headwater.v1.BlockPayload.verify|verify} messages.
             * @param m BlockPayload message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.BlockPayload.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BlockPayload message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.BlockPayload & headwater.v1.BlockPayload.$Shape} BlockPayload
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.BlockPayload & headwater.v1.BlockPayload.$Shape;

            /**
             * Gets the type url for BlockPayload
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace BlockPayload {

            /** Properties of a BlockPayload. */
            interface $Properties {

                /** BlockPayload commands */
                commands?: (headwater.v1.Command.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BlockPayload. */
            type $Shape = {
              commands?: headwater.v1.Command.$Shape[]|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a Command.
         * @deprecated Use headwater.v1.Command.$Properties instead.
         */
        interface ICommand extends headwater.v1.Command.$Properties {
        }

        /** Represents a Command. */
        class Command {

            /**
             * Constructs a new Command.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Command.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Command put. */
            put?: (headwater.v1.Put.$Properties|null);

            /** Command del. */
            del?: (headwater.v1.Delete.$Properties|null);

            /** Command touch. */
            touch?: (headwater.v1.Touch.$Properties|null);

            /** Command clear. */
            clear?: (headwater.v1.Clear.$Properties|null);

            /** Command message. */
            message?: (headwater.v1.Message.$Properties|null);

            /** Command joined. */
            joined: boolean;

            /** Command kind. */
            kind?: ("put"|"del"|"touch"|"clear"|"message");

            /**
             * Creates a new Command instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Command instance
             */
            static create(properties: headwater.v1.Command.$Shape): headwater.v1.Command & headwater.v1.Command.$Shape;
            static create(properties?: headwater.v1.Command.$Properties): headwater.v1.Command;

            /**
             * Encodes the specified Command message. Does not implicitly {@link headwater.v1.Command.verify|verify} messages.
             * @param m Command message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Command.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Command message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Command & headwater.v1.Command.$Shape} Command
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Command & headwater.v1.Command.$Shape;

            /**
             * Gets the type url for Command
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Command {

            /** Properties of a Command. */
            interface $Properties {

                /** Command put */
                put?: (headwater.v1.Put.$Properties|null);

                /** Command del */
                del?: (headwater.v1.Delete.$Properties|null);

                /** Command touch */
                touch?: (headwater.v1.Touch.$Properties|null);

                /** Command clear */
                clear?: (headwater.v1.Clear.$Properties|null);

                /** Command message */
                message?: (headwater.v1.Message.$Properties|null);

                /** Command joined */
                joined?: (boolean|null);

                /** Command kind */
                kind?: ("put"|"del"|"touch"|"clear"|"message");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a Command. */
            type $Shape = {
              put?: headwater.v1.Put.$Shape|null;
              del?: headwater.v1.Delete.$Shape|null;
              touch?: headwater.v1.Touch.$Shape|null;
              clear?: headwater.v1.Clear.$Shape|null;
              message?: headwater.v1.Message.$Shape|null;
              joined?: boolean|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ kind?: undefined; put?: null; del?: null; touch?: null; clear?: null; message?: null }|{ kind?: "put"; put: headwater.v1.Put.$Shape; del?: null; touch?: null; clear?: null; message?: null }|{ kind?: "del"; put?: null; del: headwater.v1.Delete.$Shape; touch?: null; clear?: null; message?: null }|{ kind?: "touch"; put?: null; del?: null; touch: headwater.v1.Touch.$Shape; clear?: null; message?: null }|{ kind?: "clear"; put?: null; del?: null; touch?: null; clear: headwater.v1.Clear.$Shape; message?: null }|{ kind?: "message"; put?: null; del?: null; touch?: null; clear?: null; message: headwater.v1.Message.$Shape })
            );
        }

        /**
         * Properties of a Put.
         * @deprecated Use headwater.v1.Put.$Properties instead.
         */
        interface IPut extends headwater.v1.Put.$Properties {
        }

        /** Represents a Put. */
        class Put {

            /**
             * Constructs a new Put.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Put.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Put key. */
            key: Uint8Array;

            /** Put value. */
            value: Uint8Array;

            /** Put expiresAtMs. */
            expiresAtMs: (number|Long);

            /** Put type. */
            type: number;

            /**
             * Creates a new Put instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Put instance
             */
            static create(properties: headwater.v1.Put.$Shape): headwater.v1.Put & headwater.v1.Put.$Shape;
            static create(properties?: headwater.v1.Put.$Properties): headwater.v1.Put;

            /**
             * Encodes the specified Put message. Does not implicitly {@link headwater.v1.Put.verify|verify} messages.
             * @param m Put message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Put.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Put message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Put & headwater.v1.Put.$Shape} Put
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Put & headwater.v1.Put.$Shape;

            /**
             * Gets the type url for Put
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Put {

            /** Properties of a Put. */
            interface $Properties {

                /** Put key */
                key?: (Uint8Array|null);

                /** Put value */
                value?: (Uint8Array|null);

                /** Put expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** Put type */
                type?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Put. */
            type $Shape = headwater.v1.Put.$Properties;
        }

        /**
         * Properties of a Delete.
         * @deprecated Use headwater.v1.Delete.$Properties instead.
         */
        interface IDelete extends headwater.v1.Delete.$Properties {
        }

        /** Represents a Delete. */
        class Delete {

            /**
             * Constructs a new Delete.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Delete.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Delete key. */
            key: Uint8Array;

            /**
             * Creates a new Delete instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Delete instance
             */
            static create(properties: headwater.v1.Delete.$Shape): headwater.v1.Delete & headwater.v1.Delete.$Shape;
            static create(properties?: headwater.v1.Delete.$Properties): headwater.v1.Delete;

            /**
             * Encodes the specified Delete message. Does not implicitly {@link headwater.v1.Delete.verify|verify} messages.
             * @param m Delete message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Delete.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Delete message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Delete & headwater.v1.Delete.$Shape} Delete
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Delete & headwater.v1.Delete.$Shape;

            /**
             * Gets the type url for Delete
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Delete {

            /** Properties of a Delete. */
            interface $Properties {

                /** Delete key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Delete. */
            type $Shape = headwater.v1.Delete.$Properties;
        }

        /**
         * Properties of a Touch.
         * @deprecated Use headwater.v1.Touch.$Properties instead.
         */
        interface ITouch extends headwater.v1.Touch.$Properties {
        }

        /** Represents a Touch. */
        class Touch {

            /**
             * Constructs a new Touch.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Touch.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Touch key. */
            key: Uint8Array;

            /** Touch expiresAtMs. */
            expiresAtMs: (number|Long);

            /**
             * Creates a new Touch instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Touch instance
             */
            static create(properties: headwater.v1.Touch.$Shape): headwater.v1.Touch & headwater.v1.Touch.$Shape;
            static create(properties?: headwater.v1.Touch.$Properties): headwater.v1.Touch;

            /**
             * Encodes the specified Touch message. Does not implicitly {@link headwater.v1.Touch.verify|verify} messages.
             * @param m Touch message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Touch.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Touch message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Touch & headwater.v1.Touch.$Shape} Touch
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Touch & headwater.v1.Touch.$Shape;

            /**
             * Gets the type url for Touch
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Touch {

            /** Properties of a Touch. */
            interface $Properties {

                /** Touch key */
                key?: (Uint8Array|null);

                /** Touch expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Touch. */
            type $Shape = headwater.v1.Touch.$Properties;
        }

        /**
         * Properties of a Clear.
         * @deprecated Use headwater.v1.Clear.$Properties instead.
         */
        interface IClear extends headwater.v1.Clear.$Properties {
        }

        /** Represents a Clear. */
        class Clear {

            /**
             * Constructs a new Clear.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Clear.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new Clear instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Clear instance
             */
            static create(properties: headwater.v1.Clear.$Shape): headwater.v1.Clear & headwater.v1.Clear.$Shape;
            static create(properties?: headwater.v1.Clear.$Properties): headwater.v1.Clear;

            /**
             * Encodes the specified Clear message. Does not implicitly {@link headwater.v1.Clear.verify|verify} messages.
             * @param m Clear message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Clear.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Clear message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Clear & headwater.v1.Clear.$Shape} Clear
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Clear & headwater.v1.Clear.$Shape;

            /**
             * Gets the type url for Clear
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Clear {

            /** Properties of a Clear. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Clear. */
            type $Shape = headwater.v1.Clear.$Properties;
        }

        /**
         * Properties of a Message.
         * @deprecated Use headwater.v1.Message.$Properties instead.
         */
        interface IMessage extends headwater.v1.Message.$Properties {
        }

        /** Represents a Message. */
        class Message {

            /**
             * Constructs a new Message.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Message.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Message channel. */
            channel: Uint8Array;

            /** Message data. */
            data: Uint8Array;

            /**
             * Creates a new Message instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Message instance
             */
            static create(properties: headwater.v1.Message.$Shape): headwater.v1.Message & headwater.v1.Message.$Shape;
            static create(properties?: headwater.v1.Message.$Properties): headwater.v1.Message;

            /**
             * Encodes the specified Message message. Does not implicitly {@link headwater.v1.Message.verify|verify} messages.
             * @param m Message message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Message.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Message message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Message & headwater.v1.Message.$Shape} Message
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Message & headwater.v1.Message.$Shape;

            /**
             * Gets the type url for Message
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Message {

            /** Properties of a Message. */
            interface $Properties {

                /** Message channel */
                channel?: (Uint8Array|null);

                /** Message data */
                data?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Message. */
            type $Shape = headwater.v1.Message.$Properties;
        }

        /**
         * Properties of a KeyRange.
         * @deprecated Use headwater.v1.KeyRange.$Properties instead.
         */
        interface IKeyRange extends headwater.v1.KeyRange.$Properties {
        }

        /** Represents a KeyRange. */
        class KeyRange {

            /**
             * Constructs a new KeyRange.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.KeyRange.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** KeyRange from. */
            from: Uint8Array;

            /** KeyRange to. */
            to?: (Uint8Array|null);

            /**
             * Creates a new KeyRange instance using the specified properties.
             * @param [properties] Properties to set
             * @returns KeyRange instance
             */
            static create(properties: headwater.v1.KeyRange.$Shape): headwater.v1.KeyRange & headwater.v1.KeyRange.$Shape;
            static create(properties?: headwater.v1.KeyRange.$Properties): headwater.v1.KeyRange;

            /**
             * Encodes the specified KeyRange message. Does not implicitly {@link headwater.v1.KeyRange.verify|verify} messages.
             * @param m KeyRange message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.KeyRange.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a KeyRange message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.KeyRange & headwater.v1.KeyRange.$Shape} KeyRange
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.KeyRange & headwater.v1.KeyRange.$Shape;

            /**
             * Gets the type url for KeyRange
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace KeyRange {

            /** Properties of a KeyRange. */
            interface $Properties {

                /** KeyRange from */
                from?: (Uint8Array|null);

                /** KeyRange to */
                to?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a KeyRange. */
            type $Shape = headwater.v1.KeyRange.$Properties;
        }

        /**
         * Properties of a RangeDigestsRequest.
         * @deprecated Use headwater.v1.RangeDigestsRequest.$Properties instead.
         */
        interface IRangeDigestsRequest extends headwater.v1.RangeDigestsRequest.$Properties {
        }

        /** Represents a RangeDigestsRequest. */
        class RangeDigestsRequest {

            /**
             * Constructs a new RangeDigestsRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RangeDigestsRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RangeDigestsRequest markId. */
            markId: string;

            /** RangeDigestsRequest ranges. */
            ranges: headwater.v1.KeyRange.$Properties[];

            /** RangeDigestsRequest cuts. */
            cuts: (number|Long)[];

            /**
             * Creates a new RangeDigestsRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RangeDigestsRequest instance
             */
            static create(properties: headwater.v1.RangeDigestsRequest.$Shape): headwater.v1.RangeDigestsRequest & headwater.v1.RangeDigestsRequest.$Shape;
            static create(properties?: headwater.v1.RangeDigestsRequest.$Properties): headwater.v1.RangeDigestsRequest;

            /**
             * Encodes the specified RangeDigestsRequest message. Does not implicitly {@link headwater.v1.RangeDigestsRequest.verify|verify} messages.
             * @param m RangeDigestsRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RangeDigestsRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RangeDigestsRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RangeDigestsRequest & headwater.v1.RangeDigestsRequest.$Shape} RangeDigestsRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RangeDigestsRequest & headwater.v1.RangeDigestsRequest.$Shape;

            /**
             * Gets the type url for RangeDigestsRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RangeDigestsRequest {

            /** Properties of a RangeDigestsRequest. */
            interface $Properties {

                /** RangeDigestsRequest markId */
                markId?: (string|null);

                /** RangeDigestsRequest ranges */
                ranges?: (headwater.v1.KeyRange.$Properties[]|null);

                /** RangeDigestsRequest cuts */
                cuts?: ((number|Long)[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RangeDigestsRequest. */
            type $Shape = headwater.v1.RangeDigestsRequest.$Properties;
        }

        /**
         * Properties of a RangeDigestsResponse.
         * @deprecated Use headwater.v1.RangeDigestsResponse.$Properties instead.
         */
        interface IRangeDigestsResponse extends headwater.v1.RangeDigestsResponse.$Properties {
        }

        /** Represents a RangeDigestsResponse. */
        class RangeDigestsResponse {

            /**
             * Constructs a new RangeDigestsResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RangeDigestsResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RangeDigestsResponse digests. */
            digests: headwater.v1.RangeDigest.$Properties[];

            /**
             * Creates a new RangeDigestsResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RangeDigestsResponse instance
             */
            static create(properties: headwater.v1.RangeDigestsResponse.$Shape): headwater.v1.RangeDigestsResponse & headwater.v1.RangeDigestsResponse.$Shape;
            static create(properties?: headwater.v1.RangeDigestsResponse.$Properties): headwater.v1.RangeDigestsResponse;

            /**
             * Encodes the specified RangeDigestsResponse message. Does not implicitly {@link headwater.v1.RangeDigestsResponse.verify|verify} messages.
             * @param m RangeDigestsResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RangeDigestsResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RangeDigestsResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RangeDigestsResponse & headwater.v1.RangeDigestsResponse.$Shape} RangeDigestsResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RangeDigestsResponse & headwater.v1.RangeDigestsResponse.$Shape;

            /**
             * Gets the type url for RangeDigestsResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RangeDigestsResponse {

            /** Properties of a RangeDigestsResponse. */
            interface $Properties {

                /** RangeDigestsResponse digests */
                digests?: (headwater.v1.RangeDigest.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RangeDigestsResponse. */
            type $Shape = headwater.v1.RangeDigestsResponse.$Properties;
        }

        /**
         * Properties of a RangeDigest.
         * @deprecated Use headwater.v1.RangeDigest.$Properties instead.
         */
        interface IRangeDigest extends headwater.v1.RangeDigest.$Properties {
        }

        /** Represents a RangeDigest. */
        class RangeDigest {

            /**
             * Constructs a new RangeDigest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RangeDigest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RangeDigest range. */
            range: number;

            /** RangeDigest lastKey. */
            lastKey: Uint8Array;

            /** RangeDigest end. */
            end: boolean;

            /** RangeDigest keys. */
            keys: (number|Long);

            /** RangeDigest digest. */
            digest: Uint8Array;

            /** RangeDigest damaged. */
            damaged: (number|Long);

            /** RangeDigest unreadable. */
            unreadable: string;

            /**
             * Creates a new RangeDigest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RangeDigest instance
             */
            static create(properties: headwater.v1.RangeDigest.$Shape): headwater.v1.RangeDigest & headwater.v1.RangeDigest.$Shape;
            static create(properties?: headwater.v1.RangeDigest.$Properties): headwater.v1.RangeDigest;

            /**
             * Encodes the specified RangeDigest message. Does not implicitly {@link headwater.v1.RangeDigest.verify|verify} messages.
             * @param m RangeDigest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RangeDigest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RangeDigest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RangeDigest & headwater.v1.RangeDigest.$Shape} RangeDigest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RangeDigest & headwater.v1.RangeDigest.$Shape;

            /**
             * Gets the type url for RangeDigest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RangeDigest {

            /** Properties of a RangeDigest. */
            interface $Properties {

                /** RangeDigest range */
                range?: (number|null);

                /** RangeDigest lastKey */
                lastKey?: (Uint8Array|null);

                /** RangeDigest end */
                end?: (boolean|null);

                /** RangeDigest keys */
                keys?: (number|Long|null);

                /** RangeDigest digest */
                digest?: (Uint8Array|null);

                /** RangeDigest damaged */
                damaged?: (number|Long|null);

                /** RangeDigest unreadable */
                unreadable?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RangeDigest. */
            type $Shape = headwater.v1.RangeDigest.$Properties;
        }

        /**
         * Properties of a FetchRangesRequest.
         * @deprecated Use headwater.v1.FetchRangesRequest.$Properties instead.
         */
        interface IFetchRangesRequest extends headwater.v1.FetchRangesRequest.$Properties {
        }

        /** Represents a FetchRangesRequest. */
        class FetchRangesRequest {

            /**
             * Constructs a new FetchRangesRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FetchRangesRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FetchRangesRequest markId. */
            markId: string;

            /** FetchRangesRequest ranges. */
            ranges: headwater.v1.KeyRange.$Properties[];

            /**
             * Creates a new FetchRangesRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FetchRangesRequest instance
             */
            static create(properties: headwater.v1.FetchRangesRequest.$Shape): headwater.v1.FetchRangesRequest & headwater.v1.FetchRangesRequest.$Shape;
            static create(properties?: headwater.v1.FetchRangesRequest.$Properties): headwater.v1.FetchRangesRequest;

            /**
             * Encodes the specified FetchRangesRequest message. Does not implicitly {@link headwater.v1.FetchRangesRequest.verify|verify} messages.
             * @param m FetchRangesRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FetchRangesRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FetchRangesRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FetchRangesRequest & headwater.v1.FetchRangesRequest.$Shape} FetchRangesRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FetchRangesRequest & headwater.v1.FetchRangesRequest.$Shape;

            /**
             * Gets the type url for FetchRangesRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FetchRangesRequest {

            /** Properties of a FetchRangesRequest. */
            interface $Properties {

                /** FetchRangesRequest markId */
                markId?: (string|null);

                /** FetchRangesRequest ranges */
                ranges?: (headwater.v1.KeyRange.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FetchRangesRequest. */
            type $Shape = headwater.v1.FetchRangesRequest.$Properties;
        }

        /**
         * Properties of a FetchRangesResponse.
         * @deprecated Use headwater.v1.FetchRangesResponse.$Properties instead.
         */
        interface IFetchRangesResponse extends headwater.v1.FetchRangesResponse.$Properties {
        }

        /** Represents a FetchRangesResponse. */
        class FetchRangesResponse {

            /**
             * Constructs a new FetchRangesResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FetchRangesResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FetchRangesResponse position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** FetchRangesResponse entries. */
            entries: Uint8Array;

            /** FetchRangesResponse end. */
            end: boolean;

            /** FetchRangesResponse nextRange. */
            nextRange: number;

            /** FetchRangesResponse nextKey. */
            nextKey: Uint8Array;

            /**
             * Creates a new FetchRangesResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FetchRangesResponse instance
             */
            static create(properties: headwater.v1.FetchRangesResponse.$Shape): headwater.v1.FetchRangesResponse & headwater.v1.FetchRangesResponse.$Shape;
            static create(properties?: headwater.v1.FetchRangesResponse.$Properties): headwater.v1.FetchRangesResponse;

            /**
             * Encodes the specified FetchRangesResponse message. Does not implicitly {@link headwater.v1.FetchRangesResponse.verify|verify} messages.
             * @param m FetchRangesResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FetchRangesResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FetchRangesResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FetchRangesResponse & headwater.v1.FetchRangesResponse.$Shape} FetchRangesResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FetchRangesResponse & headwater.v1.FetchRangesResponse.$Shape;

            /**
             * Gets the type url for FetchRangesResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FetchRangesResponse {

            /** Properties of a FetchRangesResponse. */
            interface $Properties {

                /** FetchRangesResponse position */
                position?: (headwater.v1.Position.$Properties|null);

                /** FetchRangesResponse entries */
                entries?: (Uint8Array|null);

                /** FetchRangesResponse end */
                end?: (boolean|null);

                /** FetchRangesResponse nextRange */
                nextRange?: (number|null);

                /** FetchRangesResponse nextKey */
                nextKey?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FetchRangesResponse. */
            type $Shape = headwater.v1.FetchRangesResponse.$Properties;
        }

        /**
         * Properties of a RepairRangesRequest.
         * @deprecated Use headwater.v1.RepairRangesRequest.$Properties instead.
         */
        interface IRepairRangesRequest extends headwater.v1.RepairRangesRequest.$Properties {
        }

        /** Represents a RepairRangesRequest. */
        class RepairRangesRequest {

            /**
             * Constructs a new RepairRangesRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RepairRangesRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RepairRangesRequest ranges. */
            ranges: headwater.v1.KeyRange.$Properties[];

            /**
             * Creates a new RepairRangesRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RepairRangesRequest instance
             */
            static create(properties: headwater.v1.RepairRangesRequest.$Shape): headwater.v1.RepairRangesRequest & headwater.v1.RepairRangesRequest.$Shape;
            static create(properties?: headwater.v1.RepairRangesRequest.$Properties): headwater.v1.RepairRangesRequest;

            /**
             * Encodes the specified RepairRangesRequest message. Does not implicitly {@link headwater.v1.RepairRangesRequest.verify|verify} messages.
             * @param m RepairRangesRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RepairRangesRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RepairRangesRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RepairRangesRequest & headwater.v1.RepairRangesRequest.$Shape} RepairRangesRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RepairRangesRequest & headwater.v1.RepairRangesRequest.$Shape;

            /**
             * Gets the type url for RepairRangesRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RepairRangesRequest {

            /** Properties of a RepairRangesRequest. */
            interface $Properties {

                /** RepairRangesRequest ranges */
                ranges?: (headwater.v1.KeyRange.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RepairRangesRequest. */
            type $Shape = headwater.v1.RepairRangesRequest.$Properties;
        }

        /**
         * Properties of a RepairRangesResponse.
         * @deprecated Use headwater.v1.RepairRangesResponse.$Properties instead.
         */
        interface IRepairRangesResponse extends headwater.v1.RepairRangesResponse.$Properties {
        }

        /** Represents a RepairRangesResponse. */
        class RepairRangesResponse {

            /**
             * Constructs a new RepairRangesResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RepairRangesResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RepairRangesResponse offset. */
            offset: (number|Long);

            /** RepairRangesResponse written. */
            written: (number|Long);

            /** RepairRangesResponse deleted. */
            deleted: (number|Long);

            /**
             * Creates a new RepairRangesResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RepairRangesResponse instance
             */
            static create(properties: headwater.v1.RepairRangesResponse.$Shape): headwater.v1.RepairRangesResponse & headwater.v1.RepairRangesResponse.$Shape;
            static create(properties?: headwater.v1.RepairRangesResponse.$Properties): headwater.v1.RepairRangesResponse;

            /**
             * Encodes the specified RepairRangesResponse message. Does not implicitly {@link headwater.v1.RepairRangesResponse.verify|verify} messages.
             * @param m RepairRangesResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RepairRangesResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RepairRangesResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RepairRangesResponse & headwater.v1.RepairRangesResponse.$Shape} RepairRangesResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RepairRangesResponse & headwater.v1.RepairRangesResponse.$Shape;

            /**
             * Gets the type url for RepairRangesResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RepairRangesResponse {

            /** Properties of a RepairRangesResponse. */
            interface $Properties {

                /** RepairRangesResponse offset */
                offset?: (number|Long|null);

                /** RepairRangesResponse written */
                written?: (number|Long|null);

                /** RepairRangesResponse deleted */
                deleted?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RepairRangesResponse. */
            type $Shape = headwater.v1.RepairRangesResponse.$Properties;
        }

        /**
         * Properties of a BackupRequest.
         * @deprecated Use headwater.v1.BackupRequest.$Properties instead.
         */
        interface IBackupRequest extends headwater.v1.BackupRequest.$Properties {
        }

        /** Represents a BackupRequest. */
        class BackupRequest {

            /**
             * Constructs a new BackupRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.BackupRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BackupRequest backupId. */
            backupId: string;

            /** BackupRequest chunk. */
            chunk: (number|Long);

            /**
             * Creates a new BackupRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns BackupRequest instance
             */
            static create(properties: headwater.v1.BackupRequest.$Shape): headwater.v1.BackupRequest & headwater.v1.BackupRequest.$Shape;
            static create(properties?: headwater.v1.BackupRequest.$Properties): headwater.v1.BackupRequest;

            /**
             * Encodes the specified BackupRequest message. Does not implicitly {@link headwater.v1.BackupRequest.verify|verify} messages.
             * @param m BackupRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.BackupRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BackupRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.BackupRequest & headwater.v1.BackupRequest.$Shape} BackupRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.BackupRequest & headwater.v1.BackupRequest.$Shape;

            /**
             * Gets the type url for BackupRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace BackupRequest {

            /** Properties of a BackupRequest. */
            interface $Properties {

                /** BackupRequest backupId */
                backupId?: (string|null);

                /** BackupRequest chunk */
                chunk?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BackupRequest. */
            type $Shape = headwater.v1.BackupRequest.$Properties;
        }

        /**
         * Properties of a BackupResponse.
         * @deprecated Use headwater.v1.BackupResponse.$Properties instead.
         */
        interface IBackupResponse extends headwater.v1.BackupResponse.$Properties {
        }

        /** Represents a BackupResponse. */
        class BackupResponse {

            /**
             * Constructs a new BackupResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.BackupResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BackupResponse backupId. */
            backupId: string;

            /** BackupResponse chunk. */
            chunk: (number|Long);

            /** BackupResponse bytes. */
            bytes: Uint8Array;

            /** BackupResponse more. */
            more: boolean;

            /** BackupResponse last. */
            last: boolean;

            /** BackupResponse keys. */
            keys: (number|Long);

            /**
             * Creates a new BackupResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns BackupResponse instance
             */
            static create(properties: headwater.v1.BackupResponse.$Shape): headwater.v1.BackupResponse & headwater.v1.BackupResponse.$Shape;
            static create(properties?: headwater.v1.BackupResponse.$Properties): headwater.v1.BackupResponse;

            /**
             * Encodes the specified BackupResponse message. Does not implicitly {@link headwater.v1.BackupResponse.verify|verify} messages.
             * @param m BackupResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.BackupResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BackupResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.BackupResponse & headwater.v1.BackupResponse.$Shape} BackupResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.BackupResponse & headwater.v1.BackupResponse.$Shape;

            /**
             * Gets the type url for BackupResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace BackupResponse {

            /** Properties of a BackupResponse. */
            interface $Properties {

                /** BackupResponse backupId */
                backupId?: (string|null);

                /** BackupResponse chunk */
                chunk?: (number|Long|null);

                /** BackupResponse bytes */
                bytes?: (Uint8Array|null);

                /** BackupResponse more */
                more?: (boolean|null);

                /** BackupResponse last */
                last?: (boolean|null);

                /** BackupResponse keys */
                keys?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BackupResponse. */
            type $Shape = headwater.v1.BackupResponse.$Properties;
        }

        /**
         * Properties of a BackupHead.
         * @deprecated Use headwater.v1.BackupHead.$Properties instead.
         */
        interface IBackupHead extends headwater.v1.BackupHead.$Properties {
        }

        /** Represents a BackupHead. */
        class BackupHead {

            /**
             * Constructs a new BackupHead.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.BackupHead.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BackupHead position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** BackupHead timeMs. */
            timeMs: (number|Long);

            /** BackupHead lineage. */
            lineage: headwater.v1.LineageRow.$Properties[];

            /** BackupHead clusterId. */
            clusterId: string;

            /** BackupHead nodeId. */
            nodeId: string;

            /** BackupHead madeMs. */
            madeMs: (number|Long);

            /** BackupHead keysEstimate. */
            keysEstimate: (number|Long);

            /** BackupHead compression. */
            compression: string;

            /** BackupHead recordFormat. */
            recordFormat: number;

            /**
             * Creates a new BackupHead instance using the specified properties.
             * @param [properties] Properties to set
             * @returns BackupHead instance
             */
            static create(properties: headwater.v1.BackupHead.$Shape): headwater.v1.BackupHead & headwater.v1.BackupHead.$Shape;
            static create(properties?: headwater.v1.BackupHead.$Properties): headwater.v1.BackupHead;

            /**
             * Encodes the specified BackupHead message. Does not implicitly {@link headwater.v1.BackupHead.verify|verify} messages.
             * @param m BackupHead message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.BackupHead.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BackupHead message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.BackupHead & headwater.v1.BackupHead.$Shape} BackupHead
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.BackupHead & headwater.v1.BackupHead.$Shape;

            /**
             * Gets the type url for BackupHead
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace BackupHead {

            /** Properties of a BackupHead. */
            interface $Properties {

                /** BackupHead position */
                position?: (headwater.v1.Position.$Properties|null);

                /** BackupHead timeMs */
                timeMs?: (number|Long|null);

                /** BackupHead lineage */
                lineage?: (headwater.v1.LineageRow.$Properties[]|null);

                /** BackupHead clusterId */
                clusterId?: (string|null);

                /** BackupHead nodeId */
                nodeId?: (string|null);

                /** BackupHead madeMs */
                madeMs?: (number|Long|null);

                /** BackupHead keysEstimate */
                keysEstimate?: (number|Long|null);

                /** BackupHead compression */
                compression?: (string|null);

                /** BackupHead recordFormat */
                recordFormat?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BackupHead. */
            type $Shape = headwater.v1.BackupHead.$Properties;
        }

        /**
         * Properties of a BackupEnd.
         * @deprecated Use headwater.v1.BackupEnd.$Properties instead.
         */
        interface IBackupEnd extends headwater.v1.BackupEnd.$Properties {
        }

        /** Represents a BackupEnd. */
        class BackupEnd {

            /**
             * Constructs a new BackupEnd.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.BackupEnd.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** BackupEnd keys. */
            keys: (number|Long);

            /** BackupEnd digest. */
            digest: Uint8Array;

            /** BackupEnd chunks. */
            chunks: (number|Long);

            /** BackupEnd sha256. */
            sha256: Uint8Array;

            /**
             * Creates a new BackupEnd instance using the specified properties.
             * @param [properties] Properties to set
             * @returns BackupEnd instance
             */
            static create(properties: headwater.v1.BackupEnd.$Shape): headwater.v1.BackupEnd & headwater.v1.BackupEnd.$Shape;
            static create(properties?: headwater.v1.BackupEnd.$Properties): headwater.v1.BackupEnd;

            /**
             * Encodes the specified BackupEnd message. Does not implicitly {@link headwater.v1.BackupEnd.verify|verify} messages.
             * @param m BackupEnd message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.BackupEnd.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a BackupEnd message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.BackupEnd & headwater.v1.BackupEnd.$Shape} BackupEnd
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.BackupEnd & headwater.v1.BackupEnd.$Shape;

            /**
             * Gets the type url for BackupEnd
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace BackupEnd {

            /** Properties of a BackupEnd. */
            interface $Properties {

                /** BackupEnd keys */
                keys?: (number|Long|null);

                /** BackupEnd digest */
                digest?: (Uint8Array|null);

                /** BackupEnd chunks */
                chunks?: (number|Long|null);

                /** BackupEnd sha256 */
                sha256?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a BackupEnd. */
            type $Shape = headwater.v1.BackupEnd.$Properties;
        }

        /**
         * Properties of an ArchiveHead.
         * @deprecated Use headwater.v1.ArchiveHead.$Properties instead.
         */
        interface IArchiveHead extends headwater.v1.ArchiveHead.$Properties {
        }

        /** Represents an ArchiveHead. */
        class ArchiveHead {

            /**
             * Constructs a new ArchiveHead.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ArchiveHead.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ArchiveHead base. */
            base?: (headwater.v1.Position.$Properties|null);

            /** ArchiveHead clusterId. */
            clusterId: string;

            /** ArchiveHead nodeId. */
            nodeId: string;

            /** ArchiveHead madeMs. */
            madeMs: (number|Long);

            /**
             * Creates a new ArchiveHead instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ArchiveHead instance
             */
            static create(properties: headwater.v1.ArchiveHead.$Shape): headwater.v1.ArchiveHead & headwater.v1.ArchiveHead.$Shape;
            static create(properties?: headwater.v1.ArchiveHead.$Properties): headwater.v1.ArchiveHead;

            /**
             * Encodes the specified ArchiveHead message. Does not implicitly {@link headwater.v1.ArchiveHead.verify|verify} messages.
             * @param m ArchiveHead message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ArchiveHead.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ArchiveHead message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ArchiveHead & headwater.v1.ArchiveHead.$Shape} ArchiveHead
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ArchiveHead & headwater.v1.ArchiveHead.$Shape;

            /**
             * Gets the type url for ArchiveHead
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ArchiveHead {

            /** Properties of an ArchiveHead. */
            interface $Properties {

                /** ArchiveHead base */
                base?: (headwater.v1.Position.$Properties|null);

                /** ArchiveHead clusterId */
                clusterId?: (string|null);

                /** ArchiveHead nodeId */
                nodeId?: (string|null);

                /** ArchiveHead madeMs */
                madeMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ArchiveHead. */
            type $Shape = headwater.v1.ArchiveHead.$Properties;
        }

        /**
         * Properties of an ArchiveEnd.
         * @deprecated Use headwater.v1.ArchiveEnd.$Properties instead.
         */
        interface IArchiveEnd extends headwater.v1.ArchiveEnd.$Properties {
        }

        /** Represents an ArchiveEnd. */
        class ArchiveEnd {

            /**
             * Constructs a new ArchiveEnd.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.ArchiveEnd.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ArchiveEnd position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** ArchiveEnd timeMs. */
            timeMs: (number|Long);

            /** ArchiveEnd lineage. */
            lineage: headwater.v1.LineageRow.$Properties[];

            /** ArchiveEnd blocks. */
            blocks: (number|Long);

            /** ArchiveEnd sha256. */
            sha256: Uint8Array;

            /**
             * Creates a new ArchiveEnd instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ArchiveEnd instance
             */
            static create(properties: headwater.v1.ArchiveEnd.$Shape): headwater.v1.ArchiveEnd & headwater.v1.ArchiveEnd.$Shape;
            static create(properties?: headwater.v1.ArchiveEnd.$Properties): headwater.v1.ArchiveEnd;

            /**
             * Encodes the specified ArchiveEnd message. Does not implicitly {@link headwater.v1.ArchiveEnd.verify|verify} messages.
             * @param m ArchiveEnd message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.ArchiveEnd.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ArchiveEnd message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.ArchiveEnd & headwater.v1.ArchiveEnd.$Shape} ArchiveEnd
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.ArchiveEnd & headwater.v1.ArchiveEnd.$Shape;

            /**
             * Gets the type url for ArchiveEnd
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ArchiveEnd {

            /** Properties of an ArchiveEnd. */
            interface $Properties {

                /** ArchiveEnd position */
                position?: (headwater.v1.Position.$Properties|null);

                /** ArchiveEnd timeMs */
                timeMs?: (number|Long|null);

                /** ArchiveEnd lineage */
                lineage?: (headwater.v1.LineageRow.$Properties[]|null);

                /** ArchiveEnd blocks */
                blocks?: (number|Long|null);

                /** ArchiveEnd sha256 */
                sha256?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ArchiveEnd. */
            type $Shape = headwater.v1.ArchiveEnd.$Properties;
        }

        /**
         * Properties of a VerifyRequest.
         * @deprecated Use headwater.v1.VerifyRequest.$Properties instead.
         */
        interface IVerifyRequest extends headwater.v1.VerifyRequest.$Properties {
        }

        /** Represents a VerifyRequest. */
        class VerifyRequest {

            /**
             * Constructs a new VerifyRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.VerifyRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** VerifyRequest bytesPerSecond. */
            bytesPerSecond: (number|Long);

            /**
             * Creates a new VerifyRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns VerifyRequest instance
             */
            static create(properties: headwater.v1.VerifyRequest.$Shape): headwater.v1.VerifyRequest & headwater.v1.VerifyRequest.$Shape;
            static create(properties?: headwater.v1.VerifyRequest.$Properties): headwater.v1.VerifyRequest;

            /**
             * Encodes the specified VerifyRequest message. Does not implicitly {@link headwater.v1.VerifyRequest.verify|verify} messages.
             * @param m VerifyRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.VerifyRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a VerifyRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.VerifyRequest & headwater.v1.VerifyRequest.$Shape} VerifyRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.VerifyRequest & headwater.v1.VerifyRequest.$Shape;

            /**
             * Gets the type url for VerifyRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace VerifyRequest {

            /** Properties of a VerifyRequest. */
            interface $Properties {

                /** VerifyRequest bytesPerSecond */
                bytesPerSecond?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a VerifyRequest. */
            type $Shape = headwater.v1.VerifyRequest.$Properties;
        }

        /**
         * Properties of a VerifyResponse.
         * @deprecated Use headwater.v1.VerifyResponse.$Properties instead.
         */
        interface IVerifyResponse extends headwater.v1.VerifyResponse.$Properties {
        }

        /** Represents a VerifyResponse. */
        class VerifyResponse {

            /**
             * Constructs a new VerifyResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.VerifyResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** VerifyResponse damage. */
            damage?: (headwater.v1.Damage.$Properties|null);

            /** VerifyResponse progress. */
            progress?: (headwater.v1.CheckProgress.$Properties|null);

            /** VerifyResponse summary. */
            summary?: (headwater.v1.VerifySummary.$Properties|null);

            /**
             * Creates a new VerifyResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns VerifyResponse instance
             */
            static create(properties: headwater.v1.VerifyResponse.$Shape): headwater.v1.VerifyResponse & headwater.v1.VerifyResponse.$Shape;
            static create(properties?: headwater.v1.VerifyResponse.$Properties): headwater.v1.VerifyResponse;

            /**
             * Encodes the specified VerifyResponse message. Does not implicitly {@link headwater.v1.VerifyResponse.verify|verify} messages.
             * @param m VerifyResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.VerifyResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a VerifyResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.VerifyResponse & headwater.v1.VerifyResponse.$Shape} VerifyResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.VerifyResponse & headwater.v1.VerifyResponse.$Shape;

            /**
             * Gets the type url for VerifyResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace VerifyResponse {

            /** Properties of a VerifyResponse. */
            interface $Properties {

                /** VerifyResponse damage */
                damage?: (headwater.v1.Damage.$Properties|null);

                /** VerifyResponse progress */
                progress?: (headwater.v1.CheckProgress.$Properties|null);

                /** VerifyResponse summary */
                summary?: (headwater.v1.VerifySummary.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a VerifyResponse. */
            type $Shape = headwater.v1.VerifyResponse.$Properties;
        }

        /**
         * Properties of a Damage.
         * @deprecated Use headwater.v1.Damage.$Properties instead.
         */
        interface IDamage extends headwater.v1.Damage.$Properties {
        }

        /** Represents a Damage. */
        class Damage {

            /**
             * Constructs a new Damage.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Damage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Damage part. */
            part: string;

            /** Damage why. */
            why: string;

            /** Damage file. */
            file: string;

            /** Damage byte. */
            byte: (number|Long);

            /** Damage fromOffset. */
            fromOffset: (number|Long);

            /** Damage toOffset. */
            toOffset: (number|Long);

            /** Damage fromKey. */
            fromKey?: (Uint8Array|null);

            /** Damage toKey. */
            toKey?: (Uint8Array|null);

            /**
             * Creates a new Damage instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Damage instance
             */
            static create(properties: headwater.v1.Damage.$Shape): headwater.v1.Damage & headwater.v1.Damage.$Shape;
            static create(properties?: headwater.v1.Damage.$Properties): headwater.v1.Damage;

            /**
             * Encodes the specified Damage message. Does not implicitly {@link headwater.v1.Damage.verify|verify} messages.
             * @param m Damage message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Damage.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Damage message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Damage & headwater.v1.Damage.$Shape} Damage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Damage & headwater.v1.Damage.$Shape;

            /**
             * Gets the type url for Damage
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Damage {

            /** Properties of a Damage. */
            interface $Properties {

                /** Damage part */
                part?: (string|null);

                /** Damage why */
                why?: (string|null);

                /** Damage file */
                file?: (string|null);

                /** Damage byte */
                byte?: (number|Long|null);

                /** Damage fromOffset */
                fromOffset?: (number|Long|null);

                /** Damage toOffset */
                toOffset?: (number|Long|null);

                /** Damage fromKey */
                fromKey?: (Uint8Array|null);

                /** Damage toKey */
                toKey?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Damage. */
            type $Shape = headwater.v1.Damage.$Properties;
        }

        /**
         * Properties of a CheckProgress.
         * @deprecated Use headwater.v1.CheckProgress.$Properties instead.
         */
        interface ICheckProgress extends headwater.v1.CheckProgress.$Properties {
        }

        /** Represents a CheckProgress. */
        class CheckProgress {

            /**
             * Constructs a new CheckProgress.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.CheckProgress.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** CheckProgress bytes. */
            bytes: (number|Long);

            /** CheckProgress bytesEstimate. */
            bytesEstimate: (number|Long);

            /** CheckProgress doing. */
            doing: string;

            /**
             * Creates a new CheckProgress instance using the specified properties.
             * @param [properties] Properties to set
             * @returns CheckProgress instance
             */
            static create(properties: headwater.v1.CheckProgress.$Shape): headwater.v1.CheckProgress & headwater.v1.CheckProgress.$Shape;
            static create(properties?: headwater.v1.CheckProgress.$Properties): headwater.v1.CheckProgress;

            /**
             * Encodes the specified CheckProgress message. Does not implicitly {@link headwater.v1.CheckProgress.verify|verify} messages.
             * @param m CheckProgress message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.CheckProgress.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a CheckProgress message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.CheckProgress & headwater.v1.CheckProgress.$Shape} CheckProgress
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.CheckProgress & headwater.v1.CheckProgress.$Shape;

            /**
             * Gets the type url for CheckProgress
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace CheckProgress {

            /** Properties of a CheckProgress. */
            interface $Properties {

                /** CheckProgress bytes */
                bytes?: (number|Long|null);

                /** CheckProgress bytesEstimate */
                bytesEstimate?: (number|Long|null);

                /** CheckProgress doing */
                doing?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a CheckProgress. */
            type $Shape = headwater.v1.CheckProgress.$Properties;
        }

        /**
         * Properties of a VerifySummary.
         * @deprecated Use headwater.v1.VerifySummary.$Properties instead.
         */
        interface IVerifySummary extends headwater.v1.VerifySummary.$Properties {
        }

        /** Represents a VerifySummary. */
        class VerifySummary {

            /**
             * Constructs a new VerifySummary.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.VerifySummary.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** VerifySummary damages. */
            damages: (number|Long);

            /** VerifySummary firstOffset. */
            firstOffset?: (number|Long|null);

            /** VerifySummary offset. */
            offset?: (number|Long|null);

            /** VerifySummary checkpointOffset. */
            checkpointOffset?: (number|Long|null);

            /** VerifySummary records. */
            records: (number|Long);

            /** VerifySummary bytes. */
            bytes: (number|Long);

            /**
             * Creates a new VerifySummary instance using the specified properties.
             * @param [properties] Properties to set
             * @returns VerifySummary instance
             */
            static create(properties: headwater.v1.VerifySummary.$Shape): headwater.v1.VerifySummary & headwater.v1.VerifySummary.$Shape;
            static create(properties?: headwater.v1.VerifySummary.$Properties): headwater.v1.VerifySummary;

            /**
             * Encodes the specified VerifySummary message. Does not implicitly {@link headwater.v1.VerifySummary.verify|verify} messages.
             * @param m VerifySummary message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.VerifySummary.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a VerifySummary message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.VerifySummary & headwater.v1.VerifySummary.$Shape} VerifySummary
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.VerifySummary & headwater.v1.VerifySummary.$Shape;

            /**
             * Gets the type url for VerifySummary
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace VerifySummary {

            /** Properties of a VerifySummary. */
            interface $Properties {

                /** VerifySummary damages */
                damages?: (number|Long|null);

                /** VerifySummary firstOffset */
                firstOffset?: (number|Long|null);

                /** VerifySummary offset */
                offset?: (number|Long|null);

                /** VerifySummary checkpointOffset */
                checkpointOffset?: (number|Long|null);

                /** VerifySummary records */
                records?: (number|Long|null);

                /** VerifySummary bytes */
                bytes?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a VerifySummary. */
            type $Shape = headwater.v1.VerifySummary.$Properties;
        }

        /**
         * Properties of a RepairRequest.
         * @deprecated Use headwater.v1.RepairRequest.$Properties instead.
         */
        interface IRepairRequest extends headwater.v1.RepairRequest.$Properties {
        }

        /** Represents a RepairRequest. */
        class RepairRequest {

            /**
             * Constructs a new RepairRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RepairRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RepairRequest bytesPerSecond. */
            bytesPerSecond: (number|Long);

            /**
             * Creates a new RepairRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RepairRequest instance
             */
            static create(properties: headwater.v1.RepairRequest.$Shape): headwater.v1.RepairRequest & headwater.v1.RepairRequest.$Shape;
            static create(properties?: headwater.v1.RepairRequest.$Properties): headwater.v1.RepairRequest;

            /**
             * Encodes the specified RepairRequest message. Does not implicitly {@link headwater.v1.RepairRequest.verify|verify} messages.
             * @param m RepairRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RepairRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RepairRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RepairRequest & headwater.v1.RepairRequest.$Shape} RepairRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RepairRequest & headwater.v1.RepairRequest.$Shape;

            /**
             * Gets the type url for RepairRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RepairRequest {

            /** Properties of a RepairRequest. */
            interface $Properties {

                /** RepairRequest bytesPerSecond */
                bytesPerSecond?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RepairRequest. */
            type $Shape = headwater.v1.RepairRequest.$Properties;
        }

        /**
         * Properties of a RepairResponse.
         * @deprecated Use headwater.v1.RepairResponse.$Properties instead.
         */
        interface IRepairResponse extends headwater.v1.RepairResponse.$Properties {
        }

        /** Represents a RepairResponse. */
        class RepairResponse {

            /**
             * Constructs a new RepairResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RepairResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RepairResponse damage. */
            damage?: (headwater.v1.Damage.$Properties|null);

            /** RepairResponse progress. */
            progress?: (headwater.v1.CheckProgress.$Properties|null);

            /** RepairResponse step. */
            step?: (headwater.v1.RepairStep.$Properties|null);

            /** RepairResponse summary. */
            summary?: (headwater.v1.RepairSummary.$Properties|null);

            /**
             * Creates a new RepairResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RepairResponse instance
             */
            static create(properties: headwater.v1.RepairResponse.$Shape): headwater.v1.RepairResponse & headwater.v1.RepairResponse.$Shape;
            static create(properties?: headwater.v1.RepairResponse.$Properties): headwater.v1.RepairResponse;

            /**
             * Encodes the specified RepairResponse message. Does not implicitly {@link headwater.v1.RepairResponse.verify|verify} messages.
             * @param m RepairResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RepairResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RepairResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RepairResponse & headwater.v1.RepairResponse.$Shape} RepairResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RepairResponse & headwater.v1.RepairResponse.$Shape;

            /**
             * Gets the type url for RepairResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RepairResponse {

            /** Properties of a RepairResponse. */
            interface $Properties {

                /** RepairResponse damage */
                damage?: (headwater.v1.Damage.$Properties|null);

                /** RepairResponse progress */
                progress?: (headwater.v1.CheckProgress.$Properties|null);

                /** RepairResponse step */
                step?: (headwater.v1.RepairStep.$Properties|null);

                /** RepairResponse summary */
                summary?: (headwater.v1.RepairSummary.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RepairResponse. */
            type $Shape = headwater.v1.RepairResponse.$Properties;
        }

        /**
         * Properties of a RepairStep.
         * @deprecated Use headwater.v1.RepairStep.$Properties instead.
         */
        interface IRepairStep extends headwater.v1.RepairStep.$Properties {
        }

        /** Represents a RepairStep. */
        class RepairStep {

            /**
             * Constructs a new RepairStep.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RepairStep.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RepairStep kind. */
            kind: string;

            /** RepairStep message. */
            message: string;

            /** RepairStep fromOffset. */
            fromOffset: (number|Long);

            /** RepairStep toOffset. */
            toOffset: (number|Long);

            /**
             * Creates a new RepairStep instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RepairStep instance
             */
            static create(properties: headwater.v1.RepairStep.$Shape): headwater.v1.RepairStep & headwater.v1.RepairStep.$Shape;
            static create(properties?: headwater.v1.RepairStep.$Properties): headwater.v1.RepairStep;

            /**
             * Encodes the specified RepairStep message. Does not implicitly {@link headwater.v1.RepairStep.verify|verify} messages.
             * @param m RepairStep message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RepairStep.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RepairStep message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RepairStep & headwater.v1.RepairStep.$Shape} RepairStep
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RepairStep & headwater.v1.RepairStep.$Shape;

            /**
             * Gets the type url for RepairStep
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RepairStep {

            /** Properties of a RepairStep. */
            interface $Properties {

                /** RepairStep kind */
                kind?: (string|null);

                /** RepairStep message */
                message?: (string|null);

                /** RepairStep fromOffset */
                fromOffset?: (number|Long|null);

                /** RepairStep toOffset */
                toOffset?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RepairStep. */
            type $Shape = headwater.v1.RepairStep.$Properties;
        }

        /**
         * Properties of a RepairSummary.
         * @deprecated Use headwater.v1.RepairSummary.$Properties instead.
         */
        interface IRepairSummary extends headwater.v1.RepairSummary.$Properties {
        }

        /** Represents a RepairSummary. */
        class RepairSummary {

            /**
             * Constructs a new RepairSummary.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.RepairSummary.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RepairSummary damages. */
            damages: (number|Long);

            /** RepairSummary repairs. */
            repairs: (number|Long);

            /** RepairSummary left. */
            left: (number|Long);

            /**
             * Creates a new RepairSummary instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RepairSummary instance
             */
            static create(properties: headwater.v1.RepairSummary.$Shape): headwater.v1.RepairSummary & headwater.v1.RepairSummary.$Shape;
            static create(properties?: headwater.v1.RepairSummary.$Properties): headwater.v1.RepairSummary;

            /**
             * Encodes the specified RepairSummary message. Does not implicitly {@link headwater.v1.RepairSummary.verify|verify} messages.
             * @param m RepairSummary message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.RepairSummary.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RepairSummary message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.RepairSummary & headwater.v1.RepairSummary.$Shape} RepairSummary
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.RepairSummary & headwater.v1.RepairSummary.$Shape;

            /**
             * Gets the type url for RepairSummary
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RepairSummary {

            /** Properties of a RepairSummary. */
            interface $Properties {

                /** RepairSummary damages */
                damages?: (number|Long|null);

                /** RepairSummary repairs */
                repairs?: (number|Long|null);

                /** RepairSummary left */
                left?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RepairSummary. */
            type $Shape = headwater.v1.RepairSummary.$Properties;
        }

        /**
         * Properties of a FetchBlocksRequest.
         * @deprecated Use headwater.v1.FetchBlocksRequest.$Properties instead.
         */
        interface IFetchBlocksRequest extends headwater.v1.FetchBlocksRequest.$Properties {
        }

        /** Represents a FetchBlocksRequest. */
        class FetchBlocksRequest {

            /**
             * Constructs a new FetchBlocksRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FetchBlocksRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FetchBlocksRequest after. */
            after?: (headwater.v1.Position.$Properties|null);

            /** FetchBlocksRequest through. */
            through?: (headwater.v1.Position.$Properties|null);

            /**
             * Creates a new FetchBlocksRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FetchBlocksRequest instance
             */
            static create(properties: headwater.v1.FetchBlocksRequest.$Shape): headwater.v1.FetchBlocksRequest & headwater.v1.FetchBlocksRequest.$Shape;
            static create(properties?: headwater.v1.FetchBlocksRequest.$Properties): headwater.v1.FetchBlocksRequest;

            /**
             * Encodes the specified FetchBlocksRequest message. Does not implicitly {@link headwater.v1.FetchBlocksRequest.verify|verify} messages.
             * @param m FetchBlocksRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FetchBlocksRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FetchBlocksRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FetchBlocksRequest & headwater.v1.FetchBlocksRequest.$Shape} FetchBlocksRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FetchBlocksRequest & headwater.v1.FetchBlocksRequest.$Shape;

            /**
             * Gets the type url for FetchBlocksRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FetchBlocksRequest {

            /** Properties of a FetchBlocksRequest. */
            interface $Properties {

                /** FetchBlocksRequest after */
                after?: (headwater.v1.Position.$Properties|null);

                /** FetchBlocksRequest through */
                through?: (headwater.v1.Position.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FetchBlocksRequest. */
            type $Shape = headwater.v1.FetchBlocksRequest.$Properties;
        }

        /**
         * Properties of a FetchBlocksResponse.
         * @deprecated Use headwater.v1.FetchBlocksResponse.$Properties instead.
         */
        interface IFetchBlocksResponse extends headwater.v1.FetchBlocksResponse.$Properties {
        }

        /** Represents a FetchBlocksResponse. */
        class FetchBlocksResponse {

            /**
             * Constructs a new FetchBlocksResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FetchBlocksResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FetchBlocksResponse after. */
            after?: (headwater.v1.Position.$Properties|null);

            /** FetchBlocksResponse timeMs. */
            timeMs: (number|Long);

            /** FetchBlocksResponse blocks. */
            blocks: Uint8Array[];

            /** FetchBlocksResponse more. */
            more: boolean;

            /**
             * Creates a new FetchBlocksResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FetchBlocksResponse instance
             */
            static create(properties: headwater.v1.FetchBlocksResponse.$Shape): headwater.v1.FetchBlocksResponse & headwater.v1.FetchBlocksResponse.$Shape;
            static create(properties?: headwater.v1.FetchBlocksResponse.$Properties): headwater.v1.FetchBlocksResponse;

            /**
             * Encodes the specified FetchBlocksResponse message. Does not implicitly {@link headwater.v1.FetchBlocksResponse.verify|verify} messages.
             * @param m FetchBlocksResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FetchBlocksResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FetchBlocksResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FetchBlocksResponse & headwater.v1.FetchBlocksResponse.$Shape} FetchBlocksResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FetchBlocksResponse & headwater.v1.FetchBlocksResponse.$Shape;

            /**
             * Gets the type url for FetchBlocksResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FetchBlocksResponse {

            /** Properties of a FetchBlocksResponse. */
            interface $Properties {

                /** FetchBlocksResponse after */
                after?: (headwater.v1.Position.$Properties|null);

                /** FetchBlocksResponse timeMs */
                timeMs?: (number|Long|null);

                /** FetchBlocksResponse blocks */
                blocks?: (Uint8Array[]|null);

                /** FetchBlocksResponse more */
                more?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FetchBlocksResponse. */
            type $Shape = headwater.v1.FetchBlocksResponse.$Properties;
        }

        /**
         * Properties of an UpFrame.
         * @deprecated Use headwater.v1.UpFrame.$Properties instead.
         */
        interface IUpFrame extends headwater.v1.UpFrame.$Properties {
        }

        /** Represents an UpFrame. */
        class UpFrame {

            /**
             * Constructs a new UpFrame.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.UpFrame.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** UpFrame handshake. */
            handshake?: (headwater.v1.Handshake.$Properties|null);

            /** UpFrame acknowledgement. */
            acknowledgement?: (headwater.v1.Acknowledgement.$Properties|null);

            /** UpFrame digestReport. */
            digestReport?: (headwater.v1.DigestReport.$Properties|null);

            /** UpFrame publish. */
            publish?: (headwater.v1.Publish.$Properties|null);

            /** UpFrame part. */
            part?: (headwater.v1.Part.$Properties|null);

            /** UpFrame frame. */
            frame?: ("handshake"|"acknowledgement"|"digestReport"|"publish"|"part");

            /**
             * Creates a new UpFrame instance using the specified properties.
             * @param [properties] Properties to set
             * @returns UpFrame instance
             */
            static create(properties: headwater.v1.UpFrame.$Shape): headwater.v1.UpFrame & headwater.v1.UpFrame.$Shape;
            static create(properties?: headwater.v1.UpFrame.$Properties): headwater.v1.UpFrame;

            /**
             * Encodes the specified UpFrame message. Does not implicitly {@link headwater.v1.UpFrame.verify|verify} messages.
             * @param m UpFrame message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.UpFrame.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an UpFrame message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.UpFrame & headwater.v1.UpFrame.$Shape} UpFrame
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.UpFrame & headwater.v1.UpFrame.$Shape;

            /**
             * Gets the type url for UpFrame
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace UpFrame {

            /** Properties of an UpFrame. */
            interface $Properties {

                /** UpFrame handshake */
                handshake?: (headwater.v1.Handshake.$Properties|null);

                /** UpFrame acknowledgement */
                acknowledgement?: (headwater.v1.Acknowledgement.$Properties|null);

                /** UpFrame digestReport */
                digestReport?: (headwater.v1.DigestReport.$Properties|null);

                /** UpFrame publish */
                publish?: (headwater.v1.Publish.$Properties|null);

                /** UpFrame part */
                part?: (headwater.v1.Part.$Properties|null);

                /** UpFrame frame */
                frame?: ("handshake"|"acknowledgement"|"digestReport"|"publish"|"part");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of an UpFrame. */
            type $Shape = {
              handshake?: headwater.v1.Handshake.$Shape|null;
              acknowledgement?: headwater.v1.Acknowledgement.$Shape|null;
              digestReport?: headwater.v1.DigestReport.$Shape|null;
              publish?: headwater.v1.Publish.$Shape|null;
              part?: headwater.v1.Part.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ frame?: undefined; handshake?: null; acknowledgement?: null; digestReport?: null; publish?: null; part?: null }|{ frame?: "handshake"; handshake: headwater.v1.Handshake.$Shape; acknowledgement?: null; digestReport?: null; publish?: null; part?: null }|{ frame?: "acknowledgement"; handshake?: null; acknowledgement: headwater.v1.Acknowledgement.$Shape; digestReport?: null; publish?: null; part?: null }|{ frame?: "digestReport"; handshake?: null; acknowledgement?: null; digestReport: headwater.v1.DigestReport.$Shape; publish?: null; part?: null }|{ frame?: "publish"; handshake?: null; acknowledgement?: null; digestReport?: null; publish: headwater.v1.Publish.$Shape; part?: null }|{ frame?: "part"; handshake?: null; acknowledgement?: null; digestReport?: null; publish?: null; part: headwater.v1.Part.$Shape })
            );
        }

        /**
         * Properties of a DownFrame.
         * @deprecated Use headwater.v1.DownFrame.$Properties instead.
         */
        interface IDownFrame extends headwater.v1.DownFrame.$Properties {
        }

        /** Represents a DownFrame. */
        class DownFrame {

            /**
             * Constructs a new DownFrame.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DownFrame.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DownFrame continue. */
            continue?: (headwater.v1.Continue.$Properties|null);

            /** DownFrame wait. */
            wait?: (headwater.v1.Wait.$Properties|null);

            /** DownFrame fullResync. */
            fullResync?: (headwater.v1.FullResync.$Properties|null);

            /** DownFrame refuse. */
            refuse?: (headwater.v1.Refuse.$Properties|null);

            /** DownFrame blocks. */
            blocks?: (headwater.v1.Blocks.$Properties|null);

            /** DownFrame snapshotChunk. */
            snapshotChunk?: (headwater.v1.SnapshotChunk.$Properties|null);

            /** DownFrame snapshotEnd. */
            snapshotEnd?: (headwater.v1.SnapshotEnd.$Properties|null);

            /** DownFrame newHistory. */
            newHistory?: (headwater.v1.NewHistory.$Properties|null);

            /** DownFrame heartbeat. */
            heartbeat?: (headwater.v1.Heartbeat.$Properties|null);

            /** DownFrame mark. */
            mark?: (headwater.v1.Mark.$Properties|null);

            /** DownFrame part. */
            part?: (headwater.v1.Part.$Properties|null);

            /** DownFrame messages. */
            messages?: (headwater.v1.Messages.$Properties|null);

            /** DownFrame published. */
            published?: (headwater.v1.Published.$Properties|null);

            /** DownFrame moved. */
            moved?: (headwater.v1.Moved.$Properties|null);

            /** DownFrame frame. */
            frame?: ("continue"|"wait"|"fullResync"|"refuse"|"blocks"|"snapshotChunk"|"snapshotEnd"|"newHistory"|"heartbeat"|"mark"|"part"|"messages"|"published"|"moved");

            /**
             * Creates a new DownFrame instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DownFrame instance
             */
            static create(properties: headwater.v1.DownFrame.$Shape): headwater.v1.DownFrame & headwater.v1.DownFrame.$Shape;
            static create(properties?: headwater.v1.DownFrame.$Properties): headwater.v1.DownFrame;

            /**
             * Encodes the specified DownFrame message. Does not implicitly {@link headwater.v1.DownFrame.verify|verify} messages.
             * @param m DownFrame message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DownFrame.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DownFrame message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DownFrame & headwater.v1.DownFrame.$Shape} DownFrame
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DownFrame & headwater.v1.DownFrame.$Shape;

            /**
             * Gets the type url for DownFrame
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DownFrame {

            /** Properties of a DownFrame. */
            interface $Properties {

                /** DownFrame continue */
                "continue"?: (headwater.v1.Continue.$Properties|null);

                /** DownFrame wait */
                wait?: (headwater.v1.Wait.$Properties|null);

                /** DownFrame fullResync */
                fullResync?: (headwater.v1.FullResync.$Properties|null);

                /** DownFrame refuse */
                refuse?: (headwater.v1.Refuse.$Properties|null);

                /** DownFrame blocks */
                blocks?: (headwater.v1.Blocks.$Properties|null);

                /** DownFrame snapshotChunk */
                snapshotChunk?: (headwater.v1.SnapshotChunk.$Properties|null);

                /** DownFrame snapshotEnd */
                snapshotEnd?: (headwater.v1.SnapshotEnd.$Properties|null);

                /** DownFrame newHistory */
                newHistory?: (headwater.v1.NewHistory.$Properties|null);

                /** DownFrame heartbeat */
                heartbeat?: (headwater.v1.Heartbeat.$Properties|null);

                /** DownFrame mark */
                mark?: (headwater.v1.Mark.$Properties|null);

                /** DownFrame part */
                part?: (headwater.v1.Part.$Properties|null);

                /** DownFrame messages */
                messages?: (headwater.v1.Messages.$Properties|null);

                /** DownFrame published */
                published?: (headwater.v1.Published.$Properties|null);

                /** DownFrame moved */
                moved?: (headwater.v1.Moved.$Properties|null);

                /** DownFrame frame */
                frame?: ("continue"|"wait"|"fullResync"|"refuse"|"blocks"|"snapshotChunk"|"snapshotEnd"|"newHistory"|"heartbeat"|"mark"|"part"|"messages"|"published"|"moved");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a DownFrame. */
            type $Shape = {
              "continue"?: headwater.v1.Continue.$Shape|null;
              wait?: headwater.v1.Wait.$Shape|null;
              fullResync?: headwater.v1.FullResync.$Shape|null;
              refuse?: headwater.v1.Refuse.$Shape|null;
              blocks?: headwater.v1.Blocks.$Shape|null;
              snapshotChunk?: headwater.v1.SnapshotChunk.$Shape|null;
              snapshotEnd?: headwater.v1.SnapshotEnd.$Shape|null;
              newHistory?: headwater.v1.NewHistory.$Shape|null;
              heartbeat?: headwater.v1.Heartbeat.$Shape|null;
              mark?: headwater.v1.Mark.$Shape|null;
              part?: headwater.v1.Part.$Shape|null;
              messages?: headwater.v1.Messages.$Shape|null;
              published?: headwater.v1.Published.$Shape|null;
              moved?: headwater.v1.Moved.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ frame?: undefined; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "continue"; "continue": headwater.v1.Continue.$Shape; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "wait"; "continue"?: null; wait: headwater.v1.Wait.$Shape; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "fullResync"; "continue"?: null; wait?: null; fullResync: headwater.v1.FullResync.$Shape; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "refuse"; "continue"?: null; wait?: null; fullResync?: null; refuse: headwater.v1.Refuse.$Shape; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "blocks"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks: headwater.v1.Blocks.$Shape; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "snapshotChunk"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk: headwater.v1.SnapshotChunk.$Shape; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "snapshotEnd"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd: headwater.v1.SnapshotEnd.$Shape; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "newHistory"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory: headwater.v1.NewHistory.$Shape; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "heartbeat"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat: headwater.v1.Heartbeat.$Shape; mark?: null; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "mark"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark: headwater.v1.Mark.$Shape; part?: null; messages?: null; published?: null; moved?: null }|{ frame?: "part"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part: headwater.v1.Part.$Shape; messages?: null; published?: null; moved?: null }|{ frame?: "messages"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages: headwater.v1.Messages.$Shape; published?: null; moved?: null }|{ frame?: "published"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published: headwater.v1.Published.$Shape; moved?: null }|{ frame?: "moved"; "continue"?: null; wait?: null; fullResync?: null; refuse?: null; blocks?: null; snapshotChunk?: null; snapshotEnd?: null; newHistory?: null; heartbeat?: null; mark?: null; part?: null; messages?: null; published?: null; moved: headwater.v1.Moved.$Shape })
            );
        }

        /**
         * Properties of a LineageRow.
         * @deprecated Use headwater.v1.LineageRow.$Properties instead.
         */
        interface ILineageRow extends headwater.v1.LineageRow.$Properties {
        }

        /** Represents a LineageRow. */
        class LineageRow {

            /**
             * Constructs a new LineageRow.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.LineageRow.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LineageRow replicationId. */
            replicationId: Uint8Array;

            /** LineageRow firstOffset. */
            firstOffset: (number|Long);

            /** LineageRow checksum. */
            checksum: number;

            /** LineageRow epoch. */
            epoch: (number|Long);

            /**
             * Creates a new LineageRow instance using the specified properties.
             * @param [properties] Properties to set
             * @returns LineageRow instance
             */
            static create(properties: headwater.v1.LineageRow.$Shape): headwater.v1.LineageRow & headwater.v1.LineageRow.$Shape;
            static create(properties?: headwater.v1.LineageRow.$Properties): headwater.v1.LineageRow;

            /**
             * Encodes the specified LineageRow message. Does not implicitly {@link headwater.v1.LineageRow.verify|verify} messages.
             * @param m LineageRow message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.LineageRow.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LineageRow message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.LineageRow & headwater.v1.LineageRow.$Shape} LineageRow
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.LineageRow & headwater.v1.LineageRow.$Shape;

            /**
             * Gets the type url for LineageRow
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace LineageRow {

            /** Properties of a LineageRow. */
            interface $Properties {

                /** LineageRow replicationId */
                replicationId?: (Uint8Array|null);

                /** LineageRow firstOffset */
                firstOffset?: (number|Long|null);

                /** LineageRow checksum */
                checksum?: (number|null);

                /** LineageRow epoch */
                epoch?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LineageRow. */
            type $Shape = headwater.v1.LineageRow.$Properties;
        }

        /**
         * Properties of a Handshake.
         * @deprecated Use headwater.v1.Handshake.$Properties instead.
         */
        interface IHandshake extends headwater.v1.Handshake.$Properties {
        }

        /** Represents a Handshake. */
        class Handshake {

            /**
             * Constructs a new Handshake.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Handshake.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Handshake protocolVersion. */
            protocolVersion: number;

            /** Handshake blockFormat. */
            blockFormat: number;

            /** Handshake recordFormat. */
            recordFormat: number;

            /** Handshake clusterId. */
            clusterId: string;

            /** Handshake nodeId. */
            nodeId: string;

            /** Handshake nonce. */
            nonce: string;

            /** Handshake address. */
            address: string;

            /** Handshake lineage. */
            lineage: headwater.v1.LineageRow.$Properties[];

            /** Handshake position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** Handshake acceptDataLoss. */
            acceptDataLoss: boolean;

            /** Handshake full. */
            full: boolean;

            /** Handshake keyspaceIncomplete. */
            keyspaceIncomplete: boolean;

            /** Handshake baseOffset. */
            baseOffset: (number|Long);

            /** Handshake keyspaceOffset. */
            keyspaceOffset: (number|Long);

            /** Handshake catchingUp. */
            catchingUp: boolean;

            /** Handshake handsOverTo. */
            handsOverTo: string;

            /** Handshake grant. */
            grant: string;

            /** Handshake byOrder. */
            byOrder: boolean;

            /** Handshake live. */
            live?: (headwater.v1.LivePlace.$Properties|null);

            /**
             * Creates a new Handshake instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Handshake instance
             */
            static create(properties: headwater.v1.Handshake.$Shape): headwater.v1.Handshake & headwater.v1.Handshake.$Shape;
            static create(properties?: headwater.v1.Handshake.$Properties): headwater.v1.Handshake;

            /**
             * Encodes the specified Handshake message. Does not implicitly {@link headwater.v1.Handshake.verify|verify} messages.
             * @param m Handshake message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Handshake.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Handshake message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Handshake & headwater.v1.Handshake.$Shape} Handshake
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Handshake & headwater.v1.Handshake.$Shape;

            /**
             * Gets the type url for Handshake
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Handshake {

            /** Properties of a Handshake. */
            interface $Properties {

                /** Handshake protocolVersion */
                protocolVersion?: (number|null);

                /** Handshake blockFormat */
                blockFormat?: (number|null);

                /** Handshake recordFormat */
                recordFormat?: (number|null);

                /** Handshake clusterId */
                clusterId?: (string|null);

                /** Handshake nodeId */
                nodeId?: (string|null);

                /** Handshake nonce */
                nonce?: (string|null);

                /** Handshake address */
                address?: (string|null);

                /** Handshake lineage */
                lineage?: (headwater.v1.LineageRow.$Properties[]|null);

                /** Handshake position */
                position?: (headwater.v1.Position.$Properties|null);

                /** Handshake acceptDataLoss */
                acceptDataLoss?: (boolean|null);

                /** Handshake full */
                full?: (boolean|null);

                /** Handshake keyspaceIncomplete */
                keyspaceIncomplete?: (boolean|null);

                /** Handshake baseOffset */
                baseOffset?: (number|Long|null);

                /** Handshake keyspaceOffset */
                keyspaceOffset?: (number|Long|null);

                /** Handshake catchingUp */
                catchingUp?: (boolean|null);

                /** Handshake handsOverTo */
                handsOverTo?: (string|null);

                /** Handshake grant */
                grant?: (string|null);

                /** Handshake byOrder */
                byOrder?: (boolean|null);

                /** Handshake live */
                live?: (headwater.v1.LivePlace.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Handshake. */
            type $Shape = headwater.v1.Handshake.$Properties;
        }

        /**
         * Properties of an Acknowledgement.
         * @deprecated Use headwater.v1.Acknowledgement.$Properties instead.
         */
        interface IAcknowledgement extends headwater.v1.Acknowledgement.$Properties {
        }

        /** Represents an Acknowledgement. */
        class Acknowledgement {

            /**
             * Constructs a new Acknowledgement.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Acknowledgement.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Acknowledgement receivedOffset. */
            receivedOffset: (number|Long);

            /** Acknowledgement appendedOffset. */
            appendedOffset: (number|Long);

            /** Acknowledgement durableOffset. */
            durableOffset: (number|Long);

            /** Acknowledgement replicationId. */
            replicationId: Uint8Array;

            /** Acknowledgement checksum. */
            checksum: number;

            /** Acknowledgement below. */
            below: headwater.v1.NodeReport.$Properties[];

            /** Acknowledgement epochWaiting. */
            epochWaiting: (number|Long);

            /**
             * Creates a new Acknowledgement instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Acknowledgement instance
             */
            static create(properties: headwater.v1.Acknowledgement.$Shape): headwater.v1.Acknowledgement & headwater.v1.Acknowledgement.$Shape;
            static create(properties?: headwater.v1.Acknowledgement.$Properties): headwater.v1.Acknowledgement;

            /**
             * Encodes the specified Acknowledgement message. Does not implicitly {@link headwater.v1.Acknowledgement.verify|verify} messages.
             * @param m Acknowledgement message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Acknowledgement.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Acknowledgement message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Acknowledgement & headwater.v1.Acknowledgement.$Shape} Acknowledgement
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Acknowledgement & headwater.v1.Acknowledgement.$Shape;

            /**
             * Gets the type url for Acknowledgement
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Acknowledgement {

            /** Properties of an Acknowledgement. */
            interface $Properties {

                /** Acknowledgement receivedOffset */
                receivedOffset?: (number|Long|null);

                /** Acknowledgement appendedOffset */
                appendedOffset?: (number|Long|null);

                /** Acknowledgement durableOffset */
                durableOffset?: (number|Long|null);

                /** Acknowledgement replicationId */
                replicationId?: (Uint8Array|null);

                /** Acknowledgement checksum */
                checksum?: (number|null);

                /** Acknowledgement below */
                below?: (headwater.v1.NodeReport.$Properties[]|null);

                /** Acknowledgement epochWaiting */
                epochWaiting?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Acknowledgement. */
            type $Shape = headwater.v1.Acknowledgement.$Properties;
        }

        /**
         * Properties of a NodeReport.
         * @deprecated Use headwater.v1.NodeReport.$Properties instead.
         */
        interface INodeReport extends headwater.v1.NodeReport.$Properties {
        }

        /** Represents a NodeReport. */
        class NodeReport {

            /**
             * Constructs a new NodeReport.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.NodeReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** NodeReport nodeId. */
            nodeId: string;

            /** NodeReport nonce. */
            nonce: string;

            /** NodeReport appendedOffset. */
            appendedOffset: (number|Long);

            /** NodeReport durableOffset. */
            durableOffset: (number|Long);

            /** NodeReport replicationId. */
            replicationId: Uint8Array;

            /** NodeReport checksum. */
            checksum: number;

            /** NodeReport ageMs. */
            ageMs: (number|Long);

            /**
             * Creates a new NodeReport instance using the specified properties.
             * @param [properties] Properties to set
             * @returns NodeReport instance
             */
            static create(properties: headwater.v1.NodeReport.$Shape): headwater.v1.NodeReport & headwater.v1.NodeReport.$Shape;
            static create(properties?: headwater.v1.NodeReport.$Properties): headwater.v1.NodeReport;

            /**
             * Encodes the specified NodeReport message. Does not implicitly {@link headwater.v1.NodeReport.verify|verify} messages.
             * @param m NodeReport message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.NodeReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeReport message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.NodeReport & headwater.v1.NodeReport.$Shape} NodeReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.NodeReport & headwater.v1.NodeReport.$Shape;

            /**
             * Gets the type url for NodeReport
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace NodeReport {

            /** Properties of a NodeReport. */
            interface $Properties {

                /** NodeReport nodeId */
                nodeId?: (string|null);

                /** NodeReport nonce */
                nonce?: (string|null);

                /** NodeReport appendedOffset */
                appendedOffset?: (number|Long|null);

                /** NodeReport durableOffset */
                durableOffset?: (number|Long|null);

                /** NodeReport replicationId */
                replicationId?: (Uint8Array|null);

                /** NodeReport checksum */
                checksum?: (number|null);

                /** NodeReport ageMs */
                ageMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a NodeReport. */
            type $Shape = headwater.v1.NodeReport.$Properties;
        }

        /**
         * Properties of a DigestReport.
         * @deprecated Use headwater.v1.DigestReport.$Properties instead.
         */
        interface IDigestReport extends headwater.v1.DigestReport.$Properties {
        }

        /** Represents a DigestReport. */
        class DigestReport {

            /**
             * Constructs a new DigestReport.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.DigestReport.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** DigestReport markId. */
            markId: string;

            /** DigestReport nodeId. */
            nodeId: string;

            /** DigestReport offset. */
            offset: (number|Long);

            /** DigestReport keys. */
            keys: (number|Long);

            /** DigestReport digest. */
            digest: Uint8Array;

            /** DigestReport error. */
            error: string;

            /** DigestReport address. */
            address: string;

            /** DigestReport below. */
            below: headwater.v1.NodeName.$Properties[];

            /**
             * Creates a new DigestReport instance using the specified properties.
             * @param [properties] Properties to set
             * @returns DigestReport instance
             */
            static create(properties: headwater.v1.DigestReport.$Shape): headwater.v1.DigestReport & headwater.v1.DigestReport.$Shape;
            static create(properties?: headwater.v1.DigestReport.$Properties): headwater.v1.DigestReport;

            /**
             * Encodes the specified DigestReport message. Does not implicitly {@link headwater.v1.DigestReport.verify|verify} messages.
             * @param m DigestReport message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.DigestReport.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a DigestReport message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.DigestReport & headwater.v1.DigestReport.$Shape} DigestReport
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.DigestReport & headwater.v1.DigestReport.$Shape;

            /**
             * Gets the type url for DigestReport
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace DigestReport {

            /** Properties of a DigestReport. */
            interface $Properties {

                /** DigestReport markId */
                markId?: (string|null);

                /** DigestReport nodeId */
                nodeId?: (string|null);

                /** DigestReport offset */
                offset?: (number|Long|null);

                /** DigestReport keys */
                keys?: (number|Long|null);

                /** DigestReport digest */
                digest?: (Uint8Array|null);

                /** DigestReport error */
                error?: (string|null);

                /** DigestReport address */
                address?: (string|null);

                /** DigestReport below */
                below?: (headwater.v1.NodeName.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a DigestReport. */
            type $Shape = headwater.v1.DigestReport.$Properties;
        }

        /**
         * Properties of a NodeName.
         * @deprecated Use headwater.v1.NodeName.$Properties instead.
         */
        interface INodeName extends headwater.v1.NodeName.$Properties {
        }

        /** Represents a NodeName. */
        class NodeName {

            /**
             * Constructs a new NodeName.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.NodeName.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** NodeName nodeId. */
            nodeId: string;

            /** NodeName address. */
            address: string;

            /**
             * Creates a new NodeName instance using the specified properties.
             * @param [properties] Properties to set
             * @returns NodeName instance
             */
            static create(properties: headwater.v1.NodeName.$Shape): headwater.v1.NodeName & headwater.v1.NodeName.$Shape;
            static create(properties?: headwater.v1.NodeName.$Properties): headwater.v1.NodeName;

            /**
             * Encodes the specified NodeName message. Does not implicitly {@link headwater.v1.NodeName.verify|verify} messages.
             * @param m NodeName message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.NodeName.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NodeName message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.NodeName & headwater.v1.NodeName.$Shape} NodeName
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.NodeName & headwater.v1.NodeName.$Shape;

            /**
             * Gets the type url for NodeName
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace NodeName {

            /** Properties of a NodeName. */
            interface $Properties {

                /** NodeName nodeId */
                nodeId?: (string|null);

                /** NodeName address */
                address?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a NodeName. */
            type $Shape = headwater.v1.NodeName.$Properties;
        }

        /**
         * Properties of a Publish.
         * @deprecated Use headwater.v1.Publish.$Properties instead.
         */
        interface IPublish extends headwater.v1.Publish.$Properties {
        }

        /** Represents a Publish. */
        class Publish {

            /**
             * Constructs a new Publish.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Publish.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Publish sequence. */
            sequence: (number|Long);

            /** Publish channel. */
            channel: Uint8Array;

            /** Publish data. */
            data: Uint8Array;

            /** Publish durable. */
            durable: boolean;

            /**
             * Creates a new Publish instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Publish instance
             */
            static create(properties: headwater.v1.Publish.$Shape): headwater.v1.Publish & headwater.v1.Publish.$Shape;
            static create(properties?: headwater.v1.Publish.$Properties): headwater.v1.Publish;

            /**
             * Encodes the specified Publish message. Does not implicitly {@link headwater.v1.Publish.verify|verify} messages.
             * @param m Publish message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Publish.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Publish message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Publish & headwater.v1.Publish.$Shape} Publish
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Publish & headwater.v1.Publish.$Shape;

            /**
             * Gets the type url for Publish
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Publish {

            /** Properties of a Publish. */
            interface $Properties {

                /** Publish sequence */
                sequence?: (number|Long|null);

                /** Publish channel */
                channel?: (Uint8Array|null);

                /** Publish data */
                data?: (Uint8Array|null);

                /** Publish durable */
                durable?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Publish. */
            type $Shape = headwater.v1.Publish.$Properties;
        }

        /**
         * Properties of a Continue.
         * @deprecated Use headwater.v1.Continue.$Properties instead.
         */
        interface IContinue extends headwater.v1.Continue.$Properties {
        }

        /** Represents a Continue. */
        class Continue {

            /**
             * Constructs a new Continue.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Continue.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Continue upstream. */
            upstream?: (headwater.v1.Upstream.$Properties|null);

            /** Continue lineage. */
            lineage: headwater.v1.LineageRow.$Properties[];

            /** Continue endOffset. */
            endOffset: (number|Long);

            /** Continue reason. */
            reason: string;

            /** Continue details. */
            details: headwater.v1.Detail.$Properties[];

            /** Continue message. */
            message: string;

            /** Continue live. */
            live?: (headwater.v1.LivePlace.$Properties|null);

            /**
             * Creates a new Continue instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Continue instance
             */
            static create(properties: headwater.v1.Continue.$Shape): headwater.v1.Continue & headwater.v1.Continue.$Shape;
            static create(properties?: headwater.v1.Continue.$Properties): headwater.v1.Continue;

            /**
             * Encodes the specified Continue message. Does not implicitly {@link headwater.v1.Continue.verify|verify} messages.
             * @param m Continue message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Continue.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Continue message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Continue & headwater.v1.Continue.$Shape} Continue
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Continue & headwater.v1.Continue.$Shape;

            /**
             * Gets the type url for Continue
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Continue {

            /** Properties of a Continue. */
            interface $Properties {

                /** Continue upstream */
                upstream?: (headwater.v1.Upstream.$Properties|null);

                /** Continue lineage */
                lineage?: (headwater.v1.LineageRow.$Properties[]|null);

                /** Continue endOffset */
                endOffset?: (number|Long|null);

                /** Continue reason */
                reason?: (string|null);

                /** Continue details */
                details?: (headwater.v1.Detail.$Properties[]|null);

                /** Continue message */
                message?: (string|null);

                /** Continue live */
                live?: (headwater.v1.LivePlace.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Continue. */
            type $Shape = headwater.v1.Continue.$Properties;
        }

        /**
         * Properties of a Wait.
         * @deprecated Use headwater.v1.Wait.$Properties instead.
         */
        interface IWait extends headwater.v1.Wait.$Properties {
        }

        /** Represents a Wait. */
        class Wait {

            /**
             * Constructs a new Wait.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Wait.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Wait reason. */
            reason: string;

            /**
             * Creates a new Wait instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Wait instance
             */
            static create(properties: headwater.v1.Wait.$Shape): headwater.v1.Wait & headwater.v1.Wait.$Shape;
            static create(properties?: headwater.v1.Wait.$Properties): headwater.v1.Wait;

            /**
             * Encodes the specified Wait message. Does not implicitly {@link headwater.v1.Wait.verify|verify} messages.
             * @param m Wait message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Wait.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Wait message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Wait & headwater.v1.Wait.$Shape} Wait
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Wait & headwater.v1.Wait.$Shape;

            /**
             * Gets the type url for Wait
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Wait {

            /** Properties of a Wait. */
            interface $Properties {

                /** Wait reason */
                reason?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Wait. */
            type $Shape = headwater.v1.Wait.$Properties;
        }

        /**
         * Properties of a FullResync.
         * @deprecated Use headwater.v1.FullResync.$Properties instead.
         */
        interface IFullResync extends headwater.v1.FullResync.$Properties {
        }

        /** Represents a FullResync. */
        class FullResync {

            /**
             * Constructs a new FullResync.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.FullResync.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** FullResync upstream. */
            upstream?: (headwater.v1.Upstream.$Properties|null);

            /** FullResync reason. */
            reason: string;

            /** FullResync position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** FullResync lineage. */
            lineage: headwater.v1.LineageRow.$Properties[];

            /** FullResync keysEstimate. */
            keysEstimate: (number|Long);

            /** FullResync branchOffset. */
            branchOffset?: (number|Long|null);

            /** FullResync details. */
            details: headwater.v1.Detail.$Properties[];

            /** FullResync message. */
            message: string;

            /** FullResync positionTimeMs. */
            positionTimeMs?: (number|Long|null);

            /** FullResync live. */
            live?: (headwater.v1.LivePlace.$Properties|null);

            /**
             * Creates a new FullResync instance using the specified properties.
             * @param [properties] Properties to set
             * @returns FullResync instance
             */
            static create(properties: headwater.v1.FullResync.$Shape): headwater.v1.FullResync & headwater.v1.FullResync.$Shape;
            static create(properties?: headwater.v1.FullResync.$Properties): headwater.v1.FullResync;

            /**
             * Encodes the specified FullResync message. Does not implicitly {@link headwater.v1.FullResync.verify|verify} messages.
             * @param m FullResync message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.FullResync.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a FullResync message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.FullResync & headwater.v1.FullResync.$Shape} FullResync
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.FullResync & headwater.v1.FullResync.$Shape;

            /**
             * Gets the type url for FullResync
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace FullResync {

            /** Properties of a FullResync. */
            interface $Properties {

                /** FullResync upstream */
                upstream?: (headwater.v1.Upstream.$Properties|null);

                /** FullResync reason */
                reason?: (string|null);

                /** FullResync position */
                position?: (headwater.v1.Position.$Properties|null);

                /** FullResync lineage */
                lineage?: (headwater.v1.LineageRow.$Properties[]|null);

                /** FullResync keysEstimate */
                keysEstimate?: (number|Long|null);

                /** FullResync branchOffset */
                branchOffset?: (number|Long|null);

                /** FullResync details */
                details?: (headwater.v1.Detail.$Properties[]|null);

                /** FullResync message */
                message?: (string|null);

                /** FullResync positionTimeMs */
                positionTimeMs?: (number|Long|null);

                /** FullResync live */
                live?: (headwater.v1.LivePlace.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a FullResync. */
            type $Shape = headwater.v1.FullResync.$Properties;
        }

        /**
         * Properties of a Refuse.
         * @deprecated Use headwater.v1.Refuse.$Properties instead.
         */
        interface IRefuse extends headwater.v1.Refuse.$Properties {
        }

        /** Represents a Refuse. */
        class Refuse {

            /**
             * Constructs a new Refuse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Refuse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Refuse reason. */
            reason: string;

            /** Refuse message. */
            message: string;

            /** Refuse details. */
            details: headwater.v1.Detail.$Properties[];

            /**
             * Creates a new Refuse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Refuse instance
             */
            static create(properties: headwater.v1.Refuse.$Shape): headwater.v1.Refuse & headwater.v1.Refuse.$Shape;
            static create(properties?: headwater.v1.Refuse.$Properties): headwater.v1.Refuse;

            /**
             * Encodes the specified Refuse message. Does not implicitly {@link headwater.v1.Refuse.verify|verify} messages.
             * @param m Refuse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Refuse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Refuse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Refuse & headwater.v1.Refuse.$Shape} Refuse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Refuse & headwater.v1.Refuse.$Shape;

            /**
             * Gets the type url for Refuse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Refuse {

            /** Properties of a Refuse. */
            interface $Properties {

                /** Refuse reason */
                reason?: (string|null);

                /** Refuse message */
                message?: (string|null);

                /** Refuse details */
                details?: (headwater.v1.Detail.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Refuse. */
            type $Shape = headwater.v1.Refuse.$Properties;
        }

        /**
         * Properties of an Upstream.
         * @deprecated Use headwater.v1.Upstream.$Properties instead.
         */
        interface IUpstream extends headwater.v1.Upstream.$Properties {
        }

        /** Represents an Upstream. */
        class Upstream {

            /**
             * Constructs a new Upstream.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Upstream.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Upstream clusterId. */
            clusterId: string;

            /** Upstream nodeId. */
            nodeId: string;

            /** Upstream address. */
            address: string;

            /** Upstream timeMs. */
            timeMs: (number|Long);

            /** Upstream follows. */
            follows: string;

            /** Upstream takesParts. */
            takesParts: boolean;

            /**
             * Creates a new Upstream instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Upstream instance
             */
            static create(properties: headwater.v1.Upstream.$Shape): headwater.v1.Upstream & headwater.v1.Upstream.$Shape;
            static create(properties?: headwater.v1.Upstream.$Properties): headwater.v1.Upstream;

            /**
             * Encodes the specified Upstream message. Does not implicitly {@link headwater.v1.Upstream.verify|verify} messages.
             * @param m Upstream message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Upstream.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Upstream message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Upstream & headwater.v1.Upstream.$Shape} Upstream
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Upstream & headwater.v1.Upstream.$Shape;

            /**
             * Gets the type url for Upstream
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Upstream {

            /** Properties of an Upstream. */
            interface $Properties {

                /** Upstream clusterId */
                clusterId?: (string|null);

                /** Upstream nodeId */
                nodeId?: (string|null);

                /** Upstream address */
                address?: (string|null);

                /** Upstream timeMs */
                timeMs?: (number|Long|null);

                /** Upstream follows */
                follows?: (string|null);

                /** Upstream takesParts */
                takesParts?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Upstream. */
            type $Shape = headwater.v1.Upstream.$Properties;
        }

        /**
         * Properties of a Blocks.
         * @deprecated Use headwater.v1.Blocks.$Properties instead.
         */
        interface IBlocks extends headwater.v1.Blocks.$Properties {
        }

        /** Represents a Blocks. */
        class Blocks {

            /**
             * Constructs a new Blocks.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Blocks.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Blocks blocks. */
            blocks: Uint8Array[];

            /** Blocks acknowledge. */
            acknowledge: boolean;

            /** Blocks sync. */
            sync: boolean;

            /**
             * Creates a new Blocks instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Blocks instance
             */
            static create(properties: headwater.v1.Blocks.$Shape): headwater.v1.Blocks & headwater.v1.Blocks.$Shape;
            static create(properties?: headwater.v1.Blocks.$Properties): headwater.v1.Blocks;

            /**
             * Encodes the specified Blocks message. Does not implicitly {@link headwater.v1.Blocks.verify|verify} messages.
             * @param m Blocks message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Blocks.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Blocks message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Blocks & headwater.v1.Blocks.$Shape} Blocks
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Blocks & headwater.v1.Blocks.$Shape;

            /**
             * Gets the type url for Blocks
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Blocks {

            /** Properties of a Blocks. */
            interface $Properties {

                /** Blocks blocks */
                blocks?: (Uint8Array[]|null);

                /** Blocks acknowledge */
                acknowledge?: (boolean|null);

                /** Blocks sync */
                sync?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Blocks. */
            type $Shape = headwater.v1.Blocks.$Properties;
        }

        /**
         * Properties of a SnapshotChunk.
         * @deprecated Use headwater.v1.SnapshotChunk.$Properties instead.
         */
        interface ISnapshotChunk extends headwater.v1.SnapshotChunk.$Properties {
        }

        /** Represents a SnapshotChunk. */
        class SnapshotChunk {

            /**
             * Constructs a new SnapshotChunk.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SnapshotChunk.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SnapshotChunk keys. */
            keys: Uint8Array[];

            /** SnapshotChunk records. */
            records: Uint8Array[];

            /**
             * Creates a new SnapshotChunk instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SnapshotChunk instance
             */
            static create(properties: headwater.v1.SnapshotChunk.$Shape): headwater.v1.SnapshotChunk & headwater.v1.SnapshotChunk.$Shape;
            static create(properties?: headwater.v1.SnapshotChunk.$Properties): headwater.v1.SnapshotChunk;

            /**
             * Encodes the specified SnapshotChunk message. Does not implicitly {@link headwater.v1.SnapshotChunk.verify|verify} messages.
             * @param m SnapshotChunk message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SnapshotChunk.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SnapshotChunk message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SnapshotChunk & headwater.v1.SnapshotChunk.$Shape} SnapshotChunk
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SnapshotChunk & headwater.v1.SnapshotChunk.$Shape;

            /**
             * Gets the type url for SnapshotChunk
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SnapshotChunk {

            /** Properties of a SnapshotChunk. */
            interface $Properties {

                /** SnapshotChunk keys */
                keys?: (Uint8Array[]|null);

                /** SnapshotChunk records */
                records?: (Uint8Array[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SnapshotChunk. */
            type $Shape = headwater.v1.SnapshotChunk.$Properties;
        }

        /**
         * Properties of a SnapshotEnd.
         * @deprecated Use headwater.v1.SnapshotEnd.$Properties instead.
         */
        interface ISnapshotEnd extends headwater.v1.SnapshotEnd.$Properties {
        }

        /** Represents a SnapshotEnd. */
        class SnapshotEnd {

            /**
             * Constructs a new SnapshotEnd.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SnapshotEnd.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SnapshotEnd keys. */
            keys: (number|Long);

            /** SnapshotEnd digest. */
            digest: Uint8Array;

            /**
             * Creates a new SnapshotEnd instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SnapshotEnd instance
             */
            static create(properties: headwater.v1.SnapshotEnd.$Shape): headwater.v1.SnapshotEnd & headwater.v1.SnapshotEnd.$Shape;
            static create(properties?: headwater.v1.SnapshotEnd.$Properties): headwater.v1.SnapshotEnd;

            /**
             * Encodes the specified SnapshotEnd message. Does not implicitly {@link headwater.v1.SnapshotEnd.verify|verify} messages.
             * @param m SnapshotEnd message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SnapshotEnd.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SnapshotEnd message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SnapshotEnd & headwater.v1.SnapshotEnd.$Shape} SnapshotEnd
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SnapshotEnd & headwater.v1.SnapshotEnd.$Shape;

            /**
             * Gets the type url for SnapshotEnd
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SnapshotEnd {

            /** Properties of a SnapshotEnd. */
            interface $Properties {

                /** SnapshotEnd keys */
                keys?: (number|Long|null);

                /** SnapshotEnd digest */
                digest?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SnapshotEnd. */
            type $Shape = headwater.v1.SnapshotEnd.$Properties;
        }

        /**
         * Properties of a NewHistory.
         * @deprecated Use headwater.v1.NewHistory.$Properties instead.
         */
        interface INewHistory extends headwater.v1.NewHistory.$Properties {
        }

        /** Represents a NewHistory. */
        class NewHistory {

            /**
             * Constructs a new NewHistory.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.NewHistory.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** NewHistory row. */
            row?: (headwater.v1.LineageRow.$Properties|null);

            /**
             * Creates a new NewHistory instance using the specified properties.
             * @param [properties] Properties to set
             * @returns NewHistory instance
             */
            static create(properties: headwater.v1.NewHistory.$Shape): headwater.v1.NewHistory & headwater.v1.NewHistory.$Shape;
            static create(properties?: headwater.v1.NewHistory.$Properties): headwater.v1.NewHistory;

            /**
             * Encodes the specified NewHistory message. Does not implicitly {@link headwater.v1.NewHistory.verify|verify} messages.
             * @param m NewHistory message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.NewHistory.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a NewHistory message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.NewHistory & headwater.v1.NewHistory.$Shape} NewHistory
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.NewHistory & headwater.v1.NewHistory.$Shape;

            /**
             * Gets the type url for NewHistory
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace NewHistory {

            /** Properties of a NewHistory. */
            interface $Properties {

                /** NewHistory row */
                row?: (headwater.v1.LineageRow.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a NewHistory. */
            type $Shape = headwater.v1.NewHistory.$Properties;
        }

        /**
         * Properties of a Heartbeat.
         * @deprecated Use headwater.v1.Heartbeat.$Properties instead.
         */
        interface IHeartbeat extends headwater.v1.Heartbeat.$Properties {
        }

        /** Represents a Heartbeat. */
        class Heartbeat {

            /**
             * Constructs a new Heartbeat.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Heartbeat.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Heartbeat offset. */
            offset: (number|Long);

            /** Heartbeat checksum. */
            checksum: number;

            /** Heartbeat timeMs. */
            timeMs: (number|Long);

            /** Heartbeat path. */
            path: string[];

            /** Heartbeat levelMs. */
            levelMs: (number|Long);

            /** Heartbeat nextHistory. */
            nextHistory?: (headwater.v1.LineageRow.$Properties|null);

            /** Heartbeat endOffset. */
            endOffset: (number|Long);

            /**
             * Creates a new Heartbeat instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Heartbeat instance
             */
            static create(properties: headwater.v1.Heartbeat.$Shape): headwater.v1.Heartbeat & headwater.v1.Heartbeat.$Shape;
            static create(properties?: headwater.v1.Heartbeat.$Properties): headwater.v1.Heartbeat;

            /**
             * Encodes the specified Heartbeat message. Does not implicitly {@link headwater.v1.Heartbeat.verify|verify} messages.
             * @param m Heartbeat message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Heartbeat.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Heartbeat message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Heartbeat & headwater.v1.Heartbeat.$Shape} Heartbeat
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Heartbeat & headwater.v1.Heartbeat.$Shape;

            /**
             * Gets the type url for Heartbeat
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Heartbeat {

            /** Properties of a Heartbeat. */
            interface $Properties {

                /** Heartbeat offset */
                offset?: (number|Long|null);

                /** Heartbeat checksum */
                checksum?: (number|null);

                /** Heartbeat timeMs */
                timeMs?: (number|Long|null);

                /** Heartbeat path */
                path?: (string[]|null);

                /** Heartbeat levelMs */
                levelMs?: (number|Long|null);

                /** Heartbeat nextHistory */
                nextHistory?: (headwater.v1.LineageRow.$Properties|null);

                /** Heartbeat endOffset */
                endOffset?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Heartbeat. */
            type $Shape = headwater.v1.Heartbeat.$Properties;
        }

        /**
         * Properties of a Mark.
         * @deprecated Use headwater.v1.Mark.$Properties instead.
         */
        interface IMark extends headwater.v1.Mark.$Properties {
        }

        /** Represents a Mark. */
        class Mark {

            /**
             * Constructs a new Mark.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Mark.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Mark markId. */
            markId: string;

            /**
             * Creates a new Mark instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Mark instance
             */
            static create(properties: headwater.v1.Mark.$Shape): headwater.v1.Mark & headwater.v1.Mark.$Shape;
            static create(properties?: headwater.v1.Mark.$Properties): headwater.v1.Mark;

            /**
             * Encodes the specified Mark message. Does not implicitly {@link headwater.v1.Mark.verify|verify} messages.
             * @param m Mark message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Mark.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Mark message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Mark & headwater.v1.Mark.$Shape} Mark
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Mark & headwater.v1.Mark.$Shape;

            /**
             * Gets the type url for Mark
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Mark {

            /** Properties of a Mark. */
            interface $Properties {

                /** Mark markId */
                markId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Mark. */
            type $Shape = headwater.v1.Mark.$Properties;
        }

        /**
         * Properties of a Messages.
         * @deprecated Use headwater.v1.Messages.$Properties instead.
         */
        interface IMessages extends headwater.v1.Messages.$Properties {
        }

        /** Represents a Messages. */
        class Messages {

            /**
             * Constructs a new Messages.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Messages.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Messages messages. */
            messages: headwater.v1.LiveMessage.$Properties[];

            /** Messages missed. */
            missed: (number|Long);

            /** Messages place. */
            place?: (headwater.v1.LivePlace.$Properties|null);

            /**
             * Creates a new Messages instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Messages instance
             */
            static create(properties: headwater.v1.Messages.$Shape): headwater.v1.Messages & headwater.v1.Messages.$Shape;
            static create(properties?: headwater.v1.Messages.$Properties): headwater.v1.Messages;

            /**
             * Encodes the specified Messages message. Does not implicitly {@link headwater.v1.Messages.verify|verify} messages.
             * @param m Messages message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Messages.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Messages message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Messages & headwater.v1.Messages.$Shape} Messages
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Messages & headwater.v1.Messages.$Shape;

            /**
             * Gets the type url for Messages
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Messages {

            /** Properties of a Messages. */
            interface $Properties {

                /** Messages messages */
                messages?: (headwater.v1.LiveMessage.$Properties[]|null);

                /** Messages missed */
                missed?: (number|Long|null);

                /** Messages place */
                place?: (headwater.v1.LivePlace.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Messages. */
            type $Shape = headwater.v1.Messages.$Properties;
        }

        /**
         * Properties of a LivePlace.
         * @deprecated Use headwater.v1.LivePlace.$Properties instead.
         */
        interface ILivePlace extends headwater.v1.LivePlace.$Properties {
        }

        /** Represents a LivePlace. */
        class LivePlace {

            /**
             * Constructs a new LivePlace.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.LivePlace.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LivePlace source. */
            source: Uint8Array;

            /** LivePlace count. */
            count: (number|Long);

            /** LivePlace followsSource. */
            followsSource: Uint8Array;

            /** LivePlace followsCount. */
            followsCount: (number|Long);

            /**
             * Creates a new LivePlace instance using the specified properties.
             * @param [properties] Properties to set
             * @returns LivePlace instance
             */
            static create(properties: headwater.v1.LivePlace.$Shape): headwater.v1.LivePlace & headwater.v1.LivePlace.$Shape;
            static create(properties?: headwater.v1.LivePlace.$Properties): headwater.v1.LivePlace;

            /**
             * Encodes the specified LivePlace message. Does not implicitly {@link headwater.v1.LivePlace.verify|verify} messages.
             * @param m LivePlace message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.LivePlace.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LivePlace message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.LivePlace & headwater.v1.LivePlace.$Shape} LivePlace
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.LivePlace & headwater.v1.LivePlace.$Shape;

            /**
             * Gets the type url for LivePlace
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace LivePlace {

            /** Properties of a LivePlace. */
            interface $Properties {

                /** LivePlace source */
                source?: (Uint8Array|null);

                /** LivePlace count */
                count?: (number|Long|null);

                /** LivePlace followsSource */
                followsSource?: (Uint8Array|null);

                /** LivePlace followsCount */
                followsCount?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LivePlace. */
            type $Shape = headwater.v1.LivePlace.$Properties;
        }

        /**
         * Properties of a LiveMessage.
         * @deprecated Use headwater.v1.LiveMessage.$Properties instead.
         */
        interface ILiveMessage extends headwater.v1.LiveMessage.$Properties {
        }

        /** Represents a LiveMessage. */
        class LiveMessage {

            /**
             * Constructs a new LiveMessage.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.LiveMessage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** LiveMessage channel. */
            channel: Uint8Array;

            /** LiveMessage data. */
            data: Uint8Array;

            /**
             * Creates a new LiveMessage instance using the specified properties.
             * @param [properties] Properties to set
             * @returns LiveMessage instance
             */
            static create(properties: headwater.v1.LiveMessage.$Shape): headwater.v1.LiveMessage & headwater.v1.LiveMessage.$Shape;
            static create(properties?: headwater.v1.LiveMessage.$Properties): headwater.v1.LiveMessage;

            /**
             * Encodes the specified LiveMessage message. Does not implicitly {@link headwater.v1.LiveMessage.verify|verify} messages.
             * @param m LiveMessage message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.LiveMessage.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a LiveMessage message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.LiveMessage & headwater.v1.LiveMessage.$Shape} LiveMessage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.LiveMessage & headwater.v1.LiveMessage.$Shape;

            /**
             * Gets the type url for LiveMessage
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace LiveMessage {

            /** Properties of a LiveMessage. */
            interface $Properties {

                /** LiveMessage channel */
                channel?: (Uint8Array|null);

                /** LiveMessage data */
                data?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a LiveMessage. */
            type $Shape = headwater.v1.LiveMessage.$Properties;
        }

        /**
         * Properties of a Published.
         * @deprecated Use headwater.v1.Published.$Properties instead.
         */
        interface IPublished extends headwater.v1.Published.$Properties {
        }

        /** Represents a Published. */
        class Published {

            /**
             * Constructs a new Published.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Published.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Published sequence. */
            sequence: (number|Long);

            /** Published offset. */
            offset: (number|Long);

            /** Published error. */
            error?: (headwater.v1.ErrorReply.$Properties|null);

            /**
             * Creates a new Published instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Published instance
             */
            static create(properties: headwater.v1.Published.$Shape): headwater.v1.Published & headwater.v1.Published.$Shape;
            static create(properties?: headwater.v1.Published.$Properties): headwater.v1.Published;

            /**
             * Encodes the specified Published message. Does not implicitly {@link headwater.v1.Published.verify|verify} messages.
             * @param m Published message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Published.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Published message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Published & headwater.v1.Published.$Shape} Published
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Published & headwater.v1.Published.$Shape;

            /**
             * Gets the type url for Published
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Published {

            /** Properties of a Published. */
            interface $Properties {

                /** Published sequence */
                sequence?: (number|Long|null);

                /** Published offset */
                offset?: (number|Long|null);

                /** Published error */
                error?: (headwater.v1.ErrorReply.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Published. */
            type $Shape = headwater.v1.Published.$Properties;
        }

        /**
         * Properties of a Moved.
         * @deprecated Use headwater.v1.Moved.$Properties instead.
         */
        interface IMoved extends headwater.v1.Moved.$Properties {
        }

        /** Represents a Moved. */
        class Moved {

            /**
             * Constructs a new Moved.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Moved.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Moved address. */
            address: string;

            /** Moved nodeId. */
            nodeId: string;

            /**
             * Creates a new Moved instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Moved instance
             */
            static create(properties: headwater.v1.Moved.$Shape): headwater.v1.Moved & headwater.v1.Moved.$Shape;
            static create(properties?: headwater.v1.Moved.$Properties): headwater.v1.Moved;

            /**
             * Encodes the specified Moved message. Does not implicitly {@link headwater.v1.Moved.verify|verify} messages.
             * @param m Moved message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Moved.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Moved message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Moved & headwater.v1.Moved.$Shape} Moved
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Moved & headwater.v1.Moved.$Shape;

            /**
             * Gets the type url for Moved
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Moved {

            /** Properties of a Moved. */
            interface $Properties {

                /** Moved address */
                address?: (string|null);

                /** Moved nodeId */
                nodeId?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Moved. */
            type $Shape = headwater.v1.Moved.$Properties;
        }

        /**
         * Properties of a Part.
         * @deprecated Use headwater.v1.Part.$Properties instead.
         */
        interface IPart extends headwater.v1.Part.$Properties {
        }

        /** Represents a Part. */
        class Part {

            /**
             * Constructs a new Part.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Part.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Part data. */
            data: Uint8Array;

            /** Part last. */
            last: boolean;

            /**
             * Creates a new Part instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Part instance
             */
            static create(properties: headwater.v1.Part.$Shape): headwater.v1.Part & headwater.v1.Part.$Shape;
            static create(properties?: headwater.v1.Part.$Properties): headwater.v1.Part;

            /**
             * Encodes the specified Part message. Does not implicitly {@link headwater.v1.Part.verify|verify} messages.
             * @param m Part message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Part.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Part message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Part & headwater.v1.Part.$Shape} Part
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Part & headwater.v1.Part.$Shape;

            /**
             * Gets the type url for Part
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Part {

            /** Properties of a Part. */
            interface $Properties {

                /** Part data */
                data?: (Uint8Array|null);

                /** Part last */
                last?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Part. */
            type $Shape = headwater.v1.Part.$Properties;
        }

        /**
         * Properties of a PublishRequest.
         * @deprecated Use headwater.v1.PublishRequest.$Properties instead.
         */
        interface IPublishRequest extends headwater.v1.PublishRequest.$Properties {
        }

        /** Represents a PublishRequest. */
        class PublishRequest {

            /**
             * Constructs a new PublishRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PublishRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PublishRequest channel. */
            channel: Uint8Array;

            /** PublishRequest data. */
            data: Uint8Array;

            /** PublishRequest durable. */
            durable: boolean;

            /**
             * Creates a new PublishRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PublishRequest instance
             */
            static create(properties: headwater.v1.PublishRequest.$Shape): headwater.v1.PublishRequest & headwater.v1.PublishRequest.$Shape;
            static create(properties?: headwater.v1.PublishRequest.$Properties): headwater.v1.PublishRequest;

            /**
             * Encodes the specified PublishRequest message. Does not implicitly {@link headwater.v1.PublishRequest.verify|verify} messages.
             * @param m PublishRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PublishRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PublishRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PublishRequest & headwater.v1.PublishRequest.$Shape} PublishRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PublishRequest & headwater.v1.PublishRequest.$Shape;

            /**
             * Gets the type url for PublishRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PublishRequest {

            /** Properties of a PublishRequest. */
            interface $Properties {

                /** PublishRequest channel */
                channel?: (Uint8Array|null);

                /** PublishRequest data */
                data?: (Uint8Array|null);

                /** PublishRequest durable */
                durable?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PublishRequest. */
            type $Shape = headwater.v1.PublishRequest.$Properties;
        }

        /**
         * Properties of a PublishResponse.
         * @deprecated Use headwater.v1.PublishResponse.$Properties instead.
         */
        interface IPublishResponse extends headwater.v1.PublishResponse.$Properties {
        }

        /** Represents a PublishResponse. */
        class PublishResponse {

            /**
             * Constructs a new PublishResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PublishResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PublishResponse offset. */
            offset: (number|Long);

            /**
             * Creates a new PublishResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PublishResponse instance
             */
            static create(properties: headwater.v1.PublishResponse.$Shape): headwater.v1.PublishResponse & headwater.v1.PublishResponse.$Shape;
            static create(properties?: headwater.v1.PublishResponse.$Properties): headwater.v1.PublishResponse;

            /**
             * Encodes the specified PublishResponse message. Does not implicitly {@link headwater.v1.PublishResponse.verify|verify} messages.
             * @param m PublishResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PublishResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PublishResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PublishResponse & headwater.v1.PublishResponse.$Shape} PublishResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PublishResponse & headwater.v1.PublishResponse.$Shape;

            /**
             * Gets the type url for PublishResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PublishResponse {

            /** Properties of a PublishResponse. */
            interface $Properties {

                /** PublishResponse offset */
                offset?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PublishResponse. */
            type $Shape = headwater.v1.PublishResponse.$Properties;
        }

        /**
         * Properties of a SubscribeRequest.
         * @deprecated Use headwater.v1.SubscribeRequest.$Properties instead.
         */
        interface ISubscribeRequest extends headwater.v1.SubscribeRequest.$Properties {
        }

        /** Represents a SubscribeRequest. */
        class SubscribeRequest {

            /**
             * Constructs a new SubscribeRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SubscribeRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SubscribeRequest channels. */
            channels: Uint8Array[];

            /** SubscribeRequest patterns. */
            patterns: Uint8Array[];

            /** SubscribeRequest from. */
            from?: (headwater.v1.Position.$Properties|null);

            /**
             * Creates a new SubscribeRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SubscribeRequest instance
             */
            static create(properties: headwater.v1.SubscribeRequest.$Shape): headwater.v1.SubscribeRequest & headwater.v1.SubscribeRequest.$Shape;
            static create(properties?: headwater.v1.SubscribeRequest.$Properties): headwater.v1.SubscribeRequest;

            /**
             * Encodes the specified SubscribeRequest message. Does not implicitly {@link headwater.v1.SubscribeRequest.verify|verify} messages.
             * @param m SubscribeRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SubscribeRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SubscribeRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SubscribeRequest & headwater.v1.SubscribeRequest.$Shape} SubscribeRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SubscribeRequest & headwater.v1.SubscribeRequest.$Shape;

            /**
             * Gets the type url for SubscribeRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SubscribeRequest {

            /** Properties of a SubscribeRequest. */
            interface $Properties {

                /** SubscribeRequest channels */
                channels?: (Uint8Array[]|null);

                /** SubscribeRequest patterns */
                patterns?: (Uint8Array[]|null);

                /** SubscribeRequest from */
                from?: (headwater.v1.Position.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SubscribeRequest. */
            type $Shape = headwater.v1.SubscribeRequest.$Properties;
        }

        /**
         * Properties of a SubscribeResponse.
         * @deprecated Use headwater.v1.SubscribeResponse.$Properties instead.
         */
        interface ISubscribeResponse extends headwater.v1.SubscribeResponse.$Properties {
        }

        /** Represents a SubscribeResponse. */
        class SubscribeResponse {

            /**
             * Constructs a new SubscribeResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SubscribeResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SubscribeResponse events. */
            events: headwater.v1.SubscriptionEvent.$Properties[];

            /** SubscribeResponse position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** SubscribeResponse more. */
            more: boolean;

            /**
             * Creates a new SubscribeResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SubscribeResponse instance
             */
            static create(properties: headwater.v1.SubscribeResponse.$Shape): headwater.v1.SubscribeResponse & headwater.v1.SubscribeResponse.$Shape;
            static create(properties?: headwater.v1.SubscribeResponse.$Properties): headwater.v1.SubscribeResponse;

            /**
             * Encodes the specified SubscribeResponse message. Does not implicitly {@link headwater.v1.SubscribeResponse.verify|verify} messages.
             * @param m SubscribeResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SubscribeResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SubscribeResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SubscribeResponse & headwater.v1.SubscribeResponse.$Shape} SubscribeResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SubscribeResponse & headwater.v1.SubscribeResponse.$Shape;

            /**
             * Gets the type url for SubscribeResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SubscribeResponse {

            /** Properties of a SubscribeResponse. */
            interface $Properties {

                /** SubscribeResponse events */
                events?: (headwater.v1.SubscriptionEvent.$Properties[]|null);

                /** SubscribeResponse position */
                position?: (headwater.v1.Position.$Properties|null);

                /** SubscribeResponse more */
                more?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SubscribeResponse. */
            type $Shape = {
              events?: headwater.v1.SubscriptionEvent.$Shape[]|null;
              position?: headwater.v1.Position.$Shape|null;
              more?: boolean|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a SubscriptionEvent.
         * @deprecated Use headwater.v1.SubscriptionEvent.$Properties instead.
         */
        interface ISubscriptionEvent extends headwater.v1.SubscriptionEvent.$Properties {
        }

        /** Represents a SubscriptionEvent. */
        class SubscriptionEvent {

            /**
             * Constructs a new SubscriptionEvent.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SubscriptionEvent.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SubscriptionEvent message. */
            message?: (headwater.v1.PublishedMessage.$Properties|null);

            /** SubscriptionEvent missed. */
            missed?: (headwater.v1.MissedMessages.$Properties|null);

            /** SubscriptionEvent gap. */
            gap?: (headwater.v1.Gap.$Properties|null);

            /** SubscriptionEvent event. */
            event?: ("message"|"missed"|"gap");

            /**
             * Creates a new SubscriptionEvent instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SubscriptionEvent instance
             */
            static create(properties: headwater.v1.SubscriptionEvent.$Shape): headwater.v1.SubscriptionEvent & headwater.v1.SubscriptionEvent.$Shape;
            static create(properties?: headwater.v1.SubscriptionEvent.$Properties): headwater.v1.SubscriptionEvent;

            /**
             * Encodes the specified SubscriptionEvent message. Does not implicitly {@link headwater.v1.SubscriptionEvent.verify|verify} messages.
             * @param m SubscriptionEvent message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SubscriptionEvent.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SubscriptionEvent message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SubscriptionEvent & headwater.v1.SubscriptionEvent.$Shape} SubscriptionEvent
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SubscriptionEvent & headwater.v1.SubscriptionEvent.$Shape;

            /**
             * Gets the type url for SubscriptionEvent
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SubscriptionEvent {

            /** Properties of a SubscriptionEvent. */
            interface $Properties {

                /** SubscriptionEvent message */
                message?: (headwater.v1.PublishedMessage.$Properties|null);

                /** SubscriptionEvent missed */
                missed?: (headwater.v1.MissedMessages.$Properties|null);

                /** SubscriptionEvent gap */
                gap?: (headwater.v1.Gap.$Properties|null);

                /** SubscriptionEvent event */
                event?: ("message"|"missed"|"gap");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a SubscriptionEvent. */
            type $Shape = {
              message?: headwater.v1.PublishedMessage.$Shape|null;
              missed?: headwater.v1.MissedMessages.$Shape|null;
              gap?: headwater.v1.Gap.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ event?: undefined; message?: null; missed?: null; gap?: null }|{ event?: "message"; message: headwater.v1.PublishedMessage.$Shape; missed?: null; gap?: null }|{ event?: "missed"; message?: null; missed: headwater.v1.MissedMessages.$Shape; gap?: null }|{ event?: "gap"; message?: null; missed?: null; gap: headwater.v1.Gap.$Shape })
            );
        }

        /**
         * Properties of a PublishedMessage.
         * @deprecated Use headwater.v1.PublishedMessage.$Properties instead.
         */
        interface IPublishedMessage extends headwater.v1.PublishedMessage.$Properties {
        }

        /** Represents a PublishedMessage. */
        class PublishedMessage {

            /**
             * Constructs a new PublishedMessage.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.PublishedMessage.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** PublishedMessage channel. */
            channel: Uint8Array;

            /** PublishedMessage data. */
            data: Uint8Array;

            /** PublishedMessage pattern. */
            pattern?: (Uint8Array|null);

            /** PublishedMessage offset. */
            offset: (number|Long);

            /** PublishedMessage durable. */
            durable: boolean;

            /**
             * Creates a new PublishedMessage instance using the specified properties.
             * @param [properties] Properties to set
             * @returns PublishedMessage instance
             */
            static create(properties: headwater.v1.PublishedMessage.$Shape): headwater.v1.PublishedMessage & headwater.v1.PublishedMessage.$Shape;
            static create(properties?: headwater.v1.PublishedMessage.$Properties): headwater.v1.PublishedMessage;

            /**
             * Encodes the specified PublishedMessage message. Does not implicitly {@link headwater.v1.PublishedMessage.verify|verify} messages.
             * @param m PublishedMessage message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.PublishedMessage.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a PublishedMessage message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.PublishedMessage & headwater.v1.PublishedMessage.$Shape} PublishedMessage
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.PublishedMessage & headwater.v1.PublishedMessage.$Shape;

            /**
             * Gets the type url for PublishedMessage
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace PublishedMessage {

            /** Properties of a PublishedMessage. */
            interface $Properties {

                /** PublishedMessage channel */
                channel?: (Uint8Array|null);

                /** PublishedMessage data */
                data?: (Uint8Array|null);

                /** PublishedMessage pattern */
                pattern?: (Uint8Array|null);

                /** PublishedMessage offset */
                offset?: (number|Long|null);

                /** PublishedMessage durable */
                durable?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a PublishedMessage. */
            type $Shape = headwater.v1.PublishedMessage.$Properties;
        }

        /**
         * Properties of a MissedMessages.
         * @deprecated Use headwater.v1.MissedMessages.$Properties instead.
         */
        interface IMissedMessages extends headwater.v1.MissedMessages.$Properties {
        }

        /** Represents a MissedMessages. */
        class MissedMessages {

            /**
             * Constructs a new MissedMessages.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.MissedMessages.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** MissedMessages count. */
            count: (number|Long);

            /** MissedMessages unknown. */
            unknown: boolean;

            /**
             * Creates a new MissedMessages instance using the specified properties.
             * @param [properties] Properties to set
             * @returns MissedMessages instance
             */
            static create(properties: headwater.v1.MissedMessages.$Shape): headwater.v1.MissedMessages & headwater.v1.MissedMessages.$Shape;
            static create(properties?: headwater.v1.MissedMessages.$Properties): headwater.v1.MissedMessages;

            /**
             * Encodes the specified MissedMessages message. Does not implicitly {@link headwater.v1.MissedMessages.verify|verify} messages.
             * @param m MissedMessages message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.MissedMessages.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a MissedMessages message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.MissedMessages & headwater.v1.MissedMessages.$Shape} MissedMessages
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.MissedMessages & headwater.v1.MissedMessages.$Shape;

            /**
             * Gets the type url for MissedMessages
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace MissedMessages {

            /** Properties of a MissedMessages. */
            interface $Properties {

                /** MissedMessages count */
                count?: (number|Long|null);

                /** MissedMessages unknown */
                unknown?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a MissedMessages. */
            type $Shape = headwater.v1.MissedMessages.$Properties;
        }

        /**
         * Properties of a Gap.
         * @deprecated Use headwater.v1.Gap.$Properties instead.
         */
        interface IGap extends headwater.v1.Gap.$Properties {
        }

        /** Represents a Gap. */
        class Gap {

            /**
             * Constructs a new Gap.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.Gap.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Gap from. */
            from: (number|Long);

            /** Gap to. */
            to: (number|Long);

            /**
             * Creates a new Gap instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Gap instance
             */
            static create(properties: headwater.v1.Gap.$Shape): headwater.v1.Gap & headwater.v1.Gap.$Shape;
            static create(properties?: headwater.v1.Gap.$Properties): headwater.v1.Gap;

            /**
             * Encodes the specified Gap message. Does not implicitly {@link headwater.v1.Gap.verify|verify} messages.
             * @param m Gap message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.Gap.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Gap message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.Gap & headwater.v1.Gap.$Shape} Gap
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.Gap & headwater.v1.Gap.$Shape;

            /**
             * Gets the type url for Gap
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Gap {

            /** Properties of a Gap. */
            interface $Properties {

                /** Gap from */
                from?: (number|Long|null);

                /** Gap to */
                to?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Gap. */
            type $Shape = headwater.v1.Gap.$Properties;
        }

        /**
         * Properties of a WatchRequest.
         * @deprecated Use headwater.v1.WatchRequest.$Properties instead.
         */
        interface IWatchRequest extends headwater.v1.WatchRequest.$Properties {
        }

        /** Represents a WatchRequest. */
        class WatchRequest {

            /**
             * Constructs a new WatchRequest.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.WatchRequest.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WatchRequest prefix. */
            prefix: Uint8Array;

            /** WatchRequest from. */
            from?: (headwater.v1.Position.$Properties|null);

            /** WatchRequest fromOffset. */
            fromOffset?: (number|Long|null);

            /** WatchRequest start. */
            start?: ("from"|"fromOffset");

            /**
             * Creates a new WatchRequest instance using the specified properties.
             * @param [properties] Properties to set
             * @returns WatchRequest instance
             */
            static create(properties: headwater.v1.WatchRequest.$Shape): headwater.v1.WatchRequest & headwater.v1.WatchRequest.$Shape;
            static create(properties?: headwater.v1.WatchRequest.$Properties): headwater.v1.WatchRequest;

            /**
             * Encodes the specified WatchRequest message. Does not implicitly {@link headwater.v1.WatchRequest.verify|verify} messages.
             * @param m WatchRequest message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.WatchRequest.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WatchRequest message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.WatchRequest & headwater.v1.WatchRequest.$Shape} WatchRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.WatchRequest & headwater.v1.WatchRequest.$Shape;

            /**
             * Gets the type url for WatchRequest
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace WatchRequest {

            /** Properties of a WatchRequest. */
            interface $Properties {

                /** WatchRequest prefix */
                prefix?: (Uint8Array|null);

                /** WatchRequest from */
                from?: (headwater.v1.Position.$Properties|null);

                /** WatchRequest fromOffset */
                fromOffset?: (number|Long|null);

                /** WatchRequest start */
                start?: ("from"|"fromOffset");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a WatchRequest. */
            type $Shape = {
              prefix?: Uint8Array|null;
              from?: headwater.v1.Position.$Shape|null;
              fromOffset?: number|Long|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ start?: undefined; from?: null; fromOffset?: null }|{ start?: "from"; from: headwater.v1.Position.$Shape; fromOffset?: null }|{ start?: "fromOffset"; from?: null; fromOffset: number|Long })
            );
        }

        /**
         * Properties of a WatchResponse.
         * @deprecated Use headwater.v1.WatchResponse.$Properties instead.
         */
        interface IWatchResponse extends headwater.v1.WatchResponse.$Properties {
        }

        /** Represents a WatchResponse. */
        class WatchResponse {

            /**
             * Constructs a new WatchResponse.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.WatchResponse.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WatchResponse events. */
            events: headwater.v1.WatchEvent.$Properties[];

            /** WatchResponse position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** WatchResponse more. */
            more: boolean;

            /**
             * Creates a new WatchResponse instance using the specified properties.
             * @param [properties] Properties to set
             * @returns WatchResponse instance
             */
            static create(properties: headwater.v1.WatchResponse.$Shape): headwater.v1.WatchResponse & headwater.v1.WatchResponse.$Shape;
            static create(properties?: headwater.v1.WatchResponse.$Properties): headwater.v1.WatchResponse;

            /**
             * Encodes the specified WatchResponse message. Does not implicitly {@link headwater.v1.WatchResponse.verify|verify} messages.
             * @param m WatchResponse message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.WatchResponse.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WatchResponse message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.WatchResponse & headwater.v1.WatchResponse.$Shape} WatchResponse
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.WatchResponse & headwater.v1.WatchResponse.$Shape;

            /**
             * Gets the type url for WatchResponse
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace WatchResponse {

            /** Properties of a WatchResponse. */
            interface $Properties {

                /** WatchResponse events */
                events?: (headwater.v1.WatchEvent.$Properties[]|null);

                /** WatchResponse position */
                position?: (headwater.v1.Position.$Properties|null);

                /** WatchResponse more */
                more?: (boolean|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a WatchResponse. */
            type $Shape = {
              events?: headwater.v1.WatchEvent.$Shape[]|null;
              position?: headwater.v1.Position.$Shape|null;
              more?: boolean|null;
              $unknowns?: Uint8Array[];
            };
        }

        /**
         * Properties of a WatchEvent.
         * @deprecated Use headwater.v1.WatchEvent.$Properties instead.
         */
        interface IWatchEvent extends headwater.v1.WatchEvent.$Properties {
        }

        /** Represents a WatchEvent. */
        class WatchEvent {

            /**
             * Constructs a new WatchEvent.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.WatchEvent.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WatchEvent offset. */
            offset: (number|Long);

            /** WatchEvent continues. */
            continues: boolean;

            /** WatchEvent put. */
            put?: (headwater.v1.WatchPut.$Properties|null);

            /** WatchEvent delete. */
            delete?: (headwater.v1.WatchDelete.$Properties|null);

            /** WatchEvent expire. */
            expire?: (headwater.v1.WatchExpire.$Properties|null);

            /** WatchEvent clear. */
            clear?: (headwater.v1.WatchClear.$Properties|null);

            /** WatchEvent snapshotBegin. */
            snapshotBegin?: (headwater.v1.SnapshotBegin.$Properties|null);

            /** WatchEvent entry. */
            entry?: (headwater.v1.WatchPut.$Properties|null);

            /** WatchEvent snapshotEnd. */
            snapshotEnd?: (headwater.v1.SnapshotEnded.$Properties|null);

            /** WatchEvent event. */
            event?: ("put"|"delete"|"expire"|"clear"|"snapshotBegin"|"entry"|"snapshotEnd");

            /**
             * Creates a new WatchEvent instance using the specified properties.
             * @param [properties] Properties to set
             * @returns WatchEvent instance
             */
            static create(properties: headwater.v1.WatchEvent.$Shape): headwater.v1.WatchEvent & headwater.v1.WatchEvent.$Shape;
            static create(properties?: headwater.v1.WatchEvent.$Properties): headwater.v1.WatchEvent;

            /**
             * Encodes the specified WatchEvent message. Does not implicitly {@link headwater.v1.WatchEvent.verify|verify} messages.
             * @param m WatchEvent message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.WatchEvent.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WatchEvent message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.WatchEvent & headwater.v1.WatchEvent.$Shape} WatchEvent
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.WatchEvent & headwater.v1.WatchEvent.$Shape;

            /**
             * Gets the type url for WatchEvent
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace WatchEvent {

            /** Properties of a WatchEvent. */
            interface $Properties {

                /** WatchEvent offset */
                offset?: (number|Long|null);

                /** WatchEvent continues */
                continues?: (boolean|null);

                /** WatchEvent put */
                put?: (headwater.v1.WatchPut.$Properties|null);

                /** WatchEvent delete */
                "delete"?: (headwater.v1.WatchDelete.$Properties|null);

                /** WatchEvent expire */
                expire?: (headwater.v1.WatchExpire.$Properties|null);

                /** WatchEvent clear */
                clear?: (headwater.v1.WatchClear.$Properties|null);

                /** WatchEvent snapshotBegin */
                snapshotBegin?: (headwater.v1.SnapshotBegin.$Properties|null);

                /** WatchEvent entry */
                entry?: (headwater.v1.WatchPut.$Properties|null);

                /** WatchEvent snapshotEnd */
                snapshotEnd?: (headwater.v1.SnapshotEnded.$Properties|null);

                /** WatchEvent event */
                event?: ("put"|"delete"|"expire"|"clear"|"snapshotBegin"|"entry"|"snapshotEnd");

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Narrowed shape of a WatchEvent. */
            type $Shape = {
              offset?: number|Long|null;
              continues?: boolean|null;
              put?: headwater.v1.WatchPut.$Shape|null;
              "delete"?: headwater.v1.WatchDelete.$Shape|null;
              expire?: headwater.v1.WatchExpire.$Shape|null;
              clear?: headwater.v1.WatchClear.$Shape|null;
              snapshotBegin?: headwater.v1.SnapshotBegin.$Shape|null;
              entry?: headwater.v1.WatchPut.$Shape|null;
              snapshotEnd?: headwater.v1.SnapshotEnded.$Shape|null;
              $unknowns?: Uint8Array[];
            } & (
              ({ event?: undefined; put?: null; "delete"?: null; expire?: null; clear?: null; snapshotBegin?: null; entry?: null; snapshotEnd?: null }|{ event?: "put"; put: headwater.v1.WatchPut.$Shape; "delete"?: null; expire?: null; clear?: null; snapshotBegin?: null; entry?: null; snapshotEnd?: null }|{ event?: "delete"; put?: null; "delete": headwater.v1.WatchDelete.$Shape; expire?: null; clear?: null; snapshotBegin?: null; entry?: null; snapshotEnd?: null }|{ event?: "expire"; put?: null; "delete"?: null; expire: headwater.v1.WatchExpire.$Shape; clear?: null; snapshotBegin?: null; entry?: null; snapshotEnd?: null }|{ event?: "clear"; put?: null; "delete"?: null; expire?: null; clear: headwater.v1.WatchClear.$Shape; snapshotBegin?: null; entry?: null; snapshotEnd?: null }|{ event?: "snapshotBegin"; put?: null; "delete"?: null; expire?: null; clear?: null; snapshotBegin: headwater.v1.SnapshotBegin.$Shape; entry?: null; snapshotEnd?: null }|{ event?: "entry"; put?: null; "delete"?: null; expire?: null; clear?: null; snapshotBegin?: null; entry: headwater.v1.WatchPut.$Shape; snapshotEnd?: null }|{ event?: "snapshotEnd"; put?: null; "delete"?: null; expire?: null; clear?: null; snapshotBegin?: null; entry?: null; snapshotEnd: headwater.v1.SnapshotEnded.$Shape })
            );
        }

        /**
         * Properties of a WatchPut.
         * @deprecated Use headwater.v1.WatchPut.$Properties instead.
         */
        interface IWatchPut extends headwater.v1.WatchPut.$Properties {
        }

        /** Represents a WatchPut. */
        class WatchPut {

            /**
             * Constructs a new WatchPut.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.WatchPut.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WatchPut key. */
            key: Uint8Array;

            /** WatchPut value. */
            value: Uint8Array;

            /** WatchPut expiresAtMs. */
            expiresAtMs: (number|Long);

            /** WatchPut version. */
            version: (number|Long);

            /** WatchPut type. */
            type: string;

            /**
             * Creates a new WatchPut instance using the specified properties.
             * @param [properties] Properties to set
             * @returns WatchPut instance
             */
            static create(properties: headwater.v1.WatchPut.$Shape): headwater.v1.WatchPut & headwater.v1.WatchPut.$Shape;
            static create(properties?: headwater.v1.WatchPut.$Properties): headwater.v1.WatchPut;

            /**
             * Encodes the specified WatchPut message. Does not implicitly {@link headwater.v1.WatchPut.verify|verify} messages.
             * @param m WatchPut message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.WatchPut.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WatchPut message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.WatchPut & headwater.v1.WatchPut.$Shape} WatchPut
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.WatchPut & headwater.v1.WatchPut.$Shape;

            /**
             * Gets the type url for WatchPut
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace WatchPut {

            /** Properties of a WatchPut. */
            interface $Properties {

                /** WatchPut key */
                key?: (Uint8Array|null);

                /** WatchPut value */
                value?: (Uint8Array|null);

                /** WatchPut expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** WatchPut version */
                version?: (number|Long|null);

                /** WatchPut type */
                type?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a WatchPut. */
            type $Shape = headwater.v1.WatchPut.$Properties;
        }

        /**
         * Properties of a WatchDelete.
         * @deprecated Use headwater.v1.WatchDelete.$Properties instead.
         */
        interface IWatchDelete extends headwater.v1.WatchDelete.$Properties {
        }

        /** Represents a WatchDelete. */
        class WatchDelete {

            /**
             * Constructs a new WatchDelete.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.WatchDelete.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WatchDelete key. */
            key: Uint8Array;

            /**
             * Creates a new WatchDelete instance using the specified properties.
             * @param [properties] Properties to set
             * @returns WatchDelete instance
             */
            static create(properties: headwater.v1.WatchDelete.$Shape): headwater.v1.WatchDelete & headwater.v1.WatchDelete.$Shape;
            static create(properties?: headwater.v1.WatchDelete.$Properties): headwater.v1.WatchDelete;

            /**
             * Encodes the specified WatchDelete message. Does not implicitly {@link headwater.v1.WatchDelete.verify|verify} messages.
             * @param m WatchDelete message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.WatchDelete.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WatchDelete message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.WatchDelete & headwater.v1.WatchDelete.$Shape} WatchDelete
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.WatchDelete & headwater.v1.WatchDelete.$Shape;

            /**
             * Gets the type url for WatchDelete
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace WatchDelete {

            /** Properties of a WatchDelete. */
            interface $Properties {

                /** WatchDelete key */
                key?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a WatchDelete. */
            type $Shape = headwater.v1.WatchDelete.$Properties;
        }

        /**
         * Properties of a WatchExpire.
         * @deprecated Use headwater.v1.WatchExpire.$Properties instead.
         */
        interface IWatchExpire extends headwater.v1.WatchExpire.$Properties {
        }

        /** Represents a WatchExpire. */
        class WatchExpire {

            /**
             * Constructs a new WatchExpire.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.WatchExpire.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** WatchExpire key. */
            key: Uint8Array;

            /** WatchExpire expiresAtMs. */
            expiresAtMs: (number|Long);

            /**
             * Creates a new WatchExpire instance using the specified properties.
             * @param [properties] Properties to set
             * @returns WatchExpire instance
             */
            static create(properties: headwater.v1.WatchExpire.$Shape): headwater.v1.WatchExpire & headwater.v1.WatchExpire.$Shape;
            static create(properties?: headwater.v1.WatchExpire.$Properties): headwater.v1.WatchExpire;

            /**
             * Encodes the specified WatchExpire message. Does not implicitly {@link headwater.v1.WatchExpire.verify|verify} messages.
             * @param m WatchExpire message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.WatchExpire.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WatchExpire message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.WatchExpire & headwater.v1.WatchExpire.$Shape} WatchExpire
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.WatchExpire & headwater.v1.WatchExpire.$Shape;

            /**
             * Gets the type url for WatchExpire
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace WatchExpire {

            /** Properties of a WatchExpire. */
            interface $Properties {

                /** WatchExpire key */
                key?: (Uint8Array|null);

                /** WatchExpire expiresAtMs */
                expiresAtMs?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a WatchExpire. */
            type $Shape = headwater.v1.WatchExpire.$Properties;
        }

        /**
         * Properties of a WatchClear.
         * @deprecated Use headwater.v1.WatchClear.$Properties instead.
         */
        interface IWatchClear extends headwater.v1.WatchClear.$Properties {
        }

        /** Represents a WatchClear. */
        class WatchClear {

            /**
             * Constructs a new WatchClear.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.WatchClear.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /**
             * Creates a new WatchClear instance using the specified properties.
             * @param [properties] Properties to set
             * @returns WatchClear instance
             */
            static create(properties: headwater.v1.WatchClear.$Shape): headwater.v1.WatchClear & headwater.v1.WatchClear.$Shape;
            static create(properties?: headwater.v1.WatchClear.$Properties): headwater.v1.WatchClear;

            /**
             * Encodes the specified WatchClear message. Does not implicitly {@link headwater.v1.WatchClear.verify|verify} messages.
             * @param m WatchClear message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.WatchClear.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a WatchClear message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.WatchClear & headwater.v1.WatchClear.$Shape} WatchClear
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.WatchClear & headwater.v1.WatchClear.$Shape;

            /**
             * Gets the type url for WatchClear
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace WatchClear {

            /** Properties of a WatchClear. */
            interface $Properties {

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a WatchClear. */
            type $Shape = headwater.v1.WatchClear.$Properties;
        }

        /**
         * Properties of a SnapshotBegin.
         * @deprecated Use headwater.v1.SnapshotBegin.$Properties instead.
         */
        interface ISnapshotBegin extends headwater.v1.SnapshotBegin.$Properties {
        }

        /** Represents a SnapshotBegin. */
        class SnapshotBegin {

            /**
             * Constructs a new SnapshotBegin.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SnapshotBegin.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SnapshotBegin position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** SnapshotBegin reason. */
            reason: string;

            /**
             * Creates a new SnapshotBegin instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SnapshotBegin instance
             */
            static create(properties: headwater.v1.SnapshotBegin.$Shape): headwater.v1.SnapshotBegin & headwater.v1.SnapshotBegin.$Shape;
            static create(properties?: headwater.v1.SnapshotBegin.$Properties): headwater.v1.SnapshotBegin;

            /**
             * Encodes the specified SnapshotBegin message. Does not implicitly {@link headwater.v1.SnapshotBegin.verify|verify} messages.
             * @param m SnapshotBegin message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SnapshotBegin.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SnapshotBegin message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SnapshotBegin & headwater.v1.SnapshotBegin.$Shape} SnapshotBegin
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SnapshotBegin & headwater.v1.SnapshotBegin.$Shape;

            /**
             * Gets the type url for SnapshotBegin
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SnapshotBegin {

            /** Properties of a SnapshotBegin. */
            interface $Properties {

                /** SnapshotBegin position */
                position?: (headwater.v1.Position.$Properties|null);

                /** SnapshotBegin reason */
                reason?: (string|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SnapshotBegin. */
            type $Shape = headwater.v1.SnapshotBegin.$Properties;
        }

        /**
         * Properties of a SnapshotEnded.
         * @deprecated Use headwater.v1.SnapshotEnded.$Properties instead.
         */
        interface ISnapshotEnded extends headwater.v1.SnapshotEnded.$Properties {
        }

        /** Represents a SnapshotEnded. */
        class SnapshotEnded {

            /**
             * Constructs a new SnapshotEnded.
             * @param [p] Properties to set
             */
            constructor(p?: headwater.v1.SnapshotEnded.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** SnapshotEnded position. */
            position?: (headwater.v1.Position.$Properties|null);

            /** SnapshotEnded entries. */
            entries: (number|Long);

            /**
             * Creates a new SnapshotEnded instance using the specified properties.
             * @param [properties] Properties to set
             * @returns SnapshotEnded instance
             */
            static create(properties: headwater.v1.SnapshotEnded.$Shape): headwater.v1.SnapshotEnded & headwater.v1.SnapshotEnded.$Shape;
            static create(properties?: headwater.v1.SnapshotEnded.$Properties): headwater.v1.SnapshotEnded;

            /**
             * Encodes the specified SnapshotEnded message. Does not implicitly {@link headwater.v1.SnapshotEnded.verify|verify} messages.
             * @param m SnapshotEnded message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: headwater.v1.SnapshotEnded.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a SnapshotEnded message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {headwater.v1.SnapshotEnded & headwater.v1.SnapshotEnded.$Shape} SnapshotEnded
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): headwater.v1.SnapshotEnded & headwater.v1.SnapshotEnded.$Shape;

            /**
             * Gets the type url for SnapshotEnded
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace SnapshotEnded {

            /** Properties of a SnapshotEnded. */
            interface $Properties {

                /** SnapshotEnded position */
                position?: (headwater.v1.Position.$Properties|null);

                /** SnapshotEnded entries */
                entries?: (number|Long|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a SnapshotEnded. */
            type $Shape = headwater.v1.SnapshotEnded.$Properties;
        }
    }
}

/** Namespace google. */
export namespace google {

    /** Namespace rpc. */
    namespace rpc {

        /**
         * Properties of a Status.
         * @deprecated Use google.rpc.Status.$Properties instead.
         */
        interface IStatus extends google.rpc.Status.$Properties {
        }

        /** Represents a Status. */
        class Status {

            /**
             * Constructs a new Status.
             * @param [p] Properties to set
             */
            constructor(p?: google.rpc.Status.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Status code. */
            code: number;

            /** Status message. */
            message: string;

            /** Status details. */
            details: google.rpc.Any.$Properties[];

            /**
             * Creates a new Status instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Status instance
             */
            static create(properties: google.rpc.Status.$Shape): google.rpc.Status & google.rpc.Status.$Shape;
            static create(properties?: google.rpc.Status.$Properties): google.rpc.Status;

            /**
             * Encodes the specified Status message. Does not implicitly {@link google.rpc.Status.verify|verify} messages.
             * @param m Status message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: google.rpc.Status.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Status message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {google.rpc.Status & google.rpc.Status.$Shape} Status
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): google.rpc.Status & google.rpc.Status.$Shape;

            /**
             * Gets the type url for Status
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Status {

            /** Properties of a Status. */
            interface $Properties {

                /** Status code */
                code?: (number|null);

                /** Status message */
                message?: (string|null);

                /** Status details */
                details?: (google.rpc.Any.$Properties[]|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Status. */
            type $Shape = google.rpc.Status.$Properties;
        }

        /**
         * Properties of an Any.
         * @deprecated Use google.rpc.Any.$Properties instead.
         */
        interface IAny extends google.rpc.Any.$Properties {
        }

        /** Represents an Any. */
        class Any {

            /**
             * Constructs a new Any.
             * @param [p] Properties to set
             */
            constructor(p?: google.rpc.Any.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Any typeUrl. */
            typeUrl: string;

            /** Any value. */
            value: Uint8Array;

            /**
             * Creates a new Any instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Any instance
             */
            static create(properties: google.rpc.Any.$Shape): google.rpc.Any & google.rpc.Any.$Shape;
            static create(properties?: google.rpc.Any.$Properties): google.rpc.Any;

            /**
             * Encodes the specified Any message. Does not implicitly {@link google.rpc.Any.verify|verify} messages.
             * @param m Any message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: google.rpc.Any.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an Any message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {google.rpc.Any & google.rpc.Any.$Shape} Any
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): google.rpc.Any & google.rpc.Any.$Shape;

            /**
             * Gets the type url for Any
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Any {

            /** Properties of an Any. */
            interface $Properties {

                /** Any typeUrl */
                typeUrl?: (string|null);

                /** Any value */
                value?: (Uint8Array|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an Any. */
            type $Shape = google.rpc.Any.$Properties;
        }

        /**
         * Properties of an ErrorInfo.
         * @deprecated Use google.rpc.ErrorInfo.$Properties instead.
         */
        interface IErrorInfo extends google.rpc.ErrorInfo.$Properties {
        }

        /** Represents an ErrorInfo. */
        class ErrorInfo {

            /**
             * Constructs a new ErrorInfo.
             * @param [p] Properties to set
             */
            constructor(p?: google.rpc.ErrorInfo.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** ErrorInfo reason. */
            reason: string;

            /** ErrorInfo domain. */
            domain: string;

            /** ErrorInfo metadata. */
            metadata: { [k: string]: string };

            /**
             * Creates a new ErrorInfo instance using the specified properties.
             * @param [properties] Properties to set
             * @returns ErrorInfo instance
             */
            static create(properties: google.rpc.ErrorInfo.$Shape): google.rpc.ErrorInfo & google.rpc.ErrorInfo.$Shape;
            static create(properties?: google.rpc.ErrorInfo.$Properties): google.rpc.ErrorInfo;

            /**
             * Encodes the specified ErrorInfo message. Does not implicitly {@link google.rpc.ErrorInfo.verify|verify} messages.
             * @param m ErrorInfo message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: google.rpc.ErrorInfo.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes an ErrorInfo message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {google.rpc.ErrorInfo & google.rpc.ErrorInfo.$Shape} ErrorInfo
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): google.rpc.ErrorInfo & google.rpc.ErrorInfo.$Shape;

            /**
             * Gets the type url for ErrorInfo
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace ErrorInfo {

            /** Properties of an ErrorInfo. */
            interface $Properties {

                /** ErrorInfo reason */
                reason?: (string|null);

                /** ErrorInfo domain */
                domain?: (string|null);

                /** ErrorInfo metadata */
                metadata?: ({ [k: string]: string }|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of an ErrorInfo. */
            type $Shape = google.rpc.ErrorInfo.$Properties;
        }

        /**
         * Properties of a RetryInfo.
         * @deprecated Use google.rpc.RetryInfo.$Properties instead.
         */
        interface IRetryInfo extends google.rpc.RetryInfo.$Properties {
        }

        /** Represents a RetryInfo. */
        class RetryInfo {

            /**
             * Constructs a new RetryInfo.
             * @param [p] Properties to set
             */
            constructor(p?: google.rpc.RetryInfo.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** RetryInfo retryDelay. */
            retryDelay?: (google.rpc.Duration.$Properties|null);

            /**
             * Creates a new RetryInfo instance using the specified properties.
             * @param [properties] Properties to set
             * @returns RetryInfo instance
             */
            static create(properties: google.rpc.RetryInfo.$Shape): google.rpc.RetryInfo & google.rpc.RetryInfo.$Shape;
            static create(properties?: google.rpc.RetryInfo.$Properties): google.rpc.RetryInfo;

            /**
             * Encodes the specified RetryInfo message. Does not implicitly {@link google.rpc.RetryInfo.verify|verify} messages.
             * @param m RetryInfo message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: google.rpc.RetryInfo.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a RetryInfo message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {google.rpc.RetryInfo & google.rpc.RetryInfo.$Shape} RetryInfo
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): google.rpc.RetryInfo & google.rpc.RetryInfo.$Shape;

            /**
             * Gets the type url for RetryInfo
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace RetryInfo {

            /** Properties of a RetryInfo. */
            interface $Properties {

                /** RetryInfo retryDelay */
                retryDelay?: (google.rpc.Duration.$Properties|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a RetryInfo. */
            type $Shape = google.rpc.RetryInfo.$Properties;
        }

        /**
         * Properties of a Duration.
         * @deprecated Use google.rpc.Duration.$Properties instead.
         */
        interface IDuration extends google.rpc.Duration.$Properties {
        }

        /** Represents a Duration. */
        class Duration {

            /**
             * Constructs a new Duration.
             * @param [p] Properties to set
             */
            constructor(p?: google.rpc.Duration.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Duration seconds. */
            seconds: (number|Long);

            /** Duration nanos. */
            nanos: number;

            /**
             * Creates a new Duration instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Duration instance
             */
            static create(properties: google.rpc.Duration.$Shape): google.rpc.Duration & google.rpc.Duration.$Shape;
            static create(properties?: google.rpc.Duration.$Properties): google.rpc.Duration;

            /**
             * Encodes the specified Duration message. Does not implicitly {@link google.rpc.Duration.verify|verify} messages.
             * @param m Duration message or plain object to encode
             * @param [w] Writer to encode to
             * @returns Writer
             */
            static encode(m: google.rpc.Duration.$Properties, w?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Duration message from the specified reader or buffer.
             * @param r Reader or buffer to decode from
             * @param [l] Message length if known beforehand
             * @returns {google.rpc.Duration & google.rpc.Duration.$Shape} Duration
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(r: ($protobuf.Reader|Uint8Array), l?: number): google.rpc.Duration & google.rpc.Duration.$Shape;

            /**
             * Gets the type url for Duration
             * @param [prefix] Custom type url prefix, defaults to `"type.googleapis.com"`
             * @returns The type url
             */
            static getTypeUrl(prefix?: string): string;
        }

        namespace Duration {

            /** Properties of a Duration. */
            interface $Properties {

                /** Duration seconds */
                seconds?: (number|Long|null);

                /** Duration nanos */
                nanos?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Duration. */
            type $Shape = google.rpc.Duration.$Properties;
        }
    }
}
