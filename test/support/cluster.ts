/** A real PostgreSQL server for one test file. */
import { afterAll, beforeAll } from '@jest/globals';
import { type Cluster, type ClusterOptions, createCluster } from '../../worker/stack/cluster.ts';

/** Starts it before the file's tests and removes it after them; the result gives it to them. */
export function useCluster(options: Partial<ClusterOptions> = {}): () => Cluster {
  let cluster: Cluster | null = null;
  beforeAll(async () => {
    cluster = await createCluster({ major: 17, ...options });
  });
  afterAll(async () => {
    await cluster?.remove();
  });
  return () => {
    if (cluster === null) throw new Error('the cluster is there from beforeAll on');
    return cluster;
  };
}
