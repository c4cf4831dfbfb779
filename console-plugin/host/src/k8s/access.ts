/** What the user may do, asked of Kubernetes with their own token and remembered for a short time. */
import { useEffect, useState } from 'react';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type {
  AccessReviewResourceAttributes,
  SelfSubjectAccessReviewKind,
} from '@openshift-console/dynamic-plugin-sdk';
import { consoleFetchJSON } from '../sdk/fetch';
import { KUBERNETES } from './models';

const REMEMBERED_MS = 30_000;
const URL = `${KUBERNETES}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`;
const answers = new Map<string, { at: number; answer: Promise<SelfSubjectAccessReviewKind> }>();

export const checkAccess: typeof Sdk.checkAccess = (attributes) => {
  const { group = '', resource = '', subresource = '', verb, name = '', namespace = '' } = attributes;
  const resourceAttributes: AccessReviewResourceAttributes = { group, resource, subresource, verb, name, namespace };
  const key = JSON.stringify(resourceAttributes);
  const kept = answers.get(key);
  if (kept && Date.now() - kept.at < REMEMBERED_MS) return kept.answer;
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const answer = consoleFetchJSON.post(URL, review) as Promise<SelfSubjectAccessReviewKind>;
  answers.set(key, { at: Date.now(), answer });
  answer.catch(() => answers.delete(key));
  return answer;
};

export const useAccessReview: typeof Sdk.useAccessReview = (attributes, _impersonate, noCheckForEmpty) => {
  const text = JSON.stringify(attributes);
  const [found, setFound] = useState<{ text: string; allowed: boolean }>();
  useEffect(() => {
    let current = true;
    const tell = (allowed: boolean): void => {
      if (current) setFound({ text, allowed });
    };
    const wanted = JSON.parse(text) as AccessReviewResourceAttributes;
    if (noCheckForEmpty && !wanted.group && !wanted.resource) return;
    // As the console does: where it cannot be decided, the action is offered and the server has the last word.
    checkAccess(wanted).then(
      ({ status }) => tell(status?.allowed ?? true),
      () => tell(true),
    );
    return () => {
      current = false;
    };
  }, [text, noCheckForEmpty]);
  return found?.text === text ? [found.allowed, false] : [false, true];
};

export const useAccessReviewAllowed: typeof Sdk.useAccessReviewAllowed = (attributes, impersonate) =>
  useAccessReview(attributes, impersonate)[0];
