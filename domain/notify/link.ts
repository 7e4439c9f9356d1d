/** To a workflow in the Temporal Web UI, whichever of its runs is the newest. */
export function workflowLink(uiAddress: string | null, namespace: string, workflowId: string): string | null {
  return uiAddress === null
    ? null
    : `${uiAddress}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURI(workflowId)}`;
}
