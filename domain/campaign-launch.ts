import type { CampaignRef, Instant } from './types.js';

/** Two spellings of one name are one person: case, blanks and the width of letters make no difference. */
export const samePerson = (one: string, other: string): boolean => bare(one) === bare(other);
const bare = (name: string): string => name.normalize('NFKC').replace(/\s/gu, '').toLowerCase();

/**
 * Where a version stands: proposed until a second person launches it, in force for new journeys as the highest launched
 * one, superseded when a higher one is (also one that nobody ever launched).
 */
export type VersionState = 'proposed' | 'in force' | 'superseded';

/** @param inForce the highest launched version; null: none was launched yet */
export function versionState(version: number, inForce: number | null): VersionState {
  if (inForce === null || version > inForce) return 'proposed';
  return version === inForce ? 'in force' : 'superseded';
}

/** A version as its launch looks at it. */
export interface LaunchCandidate {
  version: number;
  digest: string;
  publishedBy: string;
  publishedAt: Instant;
  launchedBy: string | null;
  launchedAt: Instant | null;
}

/** What the second person has read: a version's number, or the digest of what was in front of them. */
export type WhatWasRead = { version: number } | { digest: string };

export type LaunchVerdict =
  | { kind: 'launch'; candidate: LaunchCandidate }
  | { kind: 'launched-before'; candidate: LaunchCandidate }
  | { kind: 'refused'; why: string };

/**
 * Whether a person may launch what they have read. Who names a digest has read one version and is told when a newer one
 * was proposed meanwhile; who names the number means that very version.
 * @param candidates all versions of the campaign
 */
export function launchVerdict(
  campaignRef: CampaignRef,
  candidates: readonly LaunchCandidate[],
  read: WhatWasRead,
  by: string,
): LaunchVerdict {
  const refused = (why: string): LaunchVerdict => ({ kind: 'refused', why });
  const newestFirst = [...candidates].sort((a, b) => b.version - a.version);
  const candidate = newestFirst.find((one) =>
    'version' in read ? one.version === read.version : one.digest.startsWith(read.digest),
  );
  if (!candidate) return refused(notThere(campaignRef, newestFirst, read));
  if (candidate.launchedAt !== null) return { kind: 'launched-before', candidate };
  const { version, publishedBy } = candidate;
  const inForce = newestFirst.find((one) => one.launchedAt !== null);
  if (inForce && inForce.version > version)
    return refused(
      `version ${inForce.version} of ${campaignRef} is in force, launched by ${inForce.launchedBy}; to go back to what version ${version} says, publish its file again with a change, for instance of its priority`,
    );
  const newest = newestFirst[0];
  if (newest && newest.version > version && 'digest' in read)
    return refused(
      `version ${newest.version} of ${campaignRef} was proposed by ${newest.publishedBy} meanwhile, after version ${version} that you have read; read it with "keepwell campaign show ${campaignRef}" and launch it with --version ${newest.version}, or the older one all the same with --version ${version}`,
    );
  if (samePerson(publishedBy, by))
    return refused(
      `version ${version} of ${campaignRef} was published by ${publishedBy}, and a version is launched by somebody else; have a second person read and launch it`,
    );
  return { kind: 'launch', candidate };
}

function notThere(campaignRef: CampaignRef, versions: readonly LaunchCandidate[], read: WhatWasRead): string {
  if (versions.length === 0)
    return `there is no campaign "${campaignRef}"; publish it first with "keepwell campaign publish FILE"`;
  const what = 'version' in read ? `version ${read.version}` : `version with the digest ${read.digest}`;
  const there = versions.map(({ version }) => version).reverse();
  return `${campaignRef} has no ${what}; there is ${there.join(', ')}`;
}
