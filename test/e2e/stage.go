// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// clusterIsFree refuses a cluster that somebody uses: at the end everything of the
// operator is removed.
func (s *show) clusterIsFree(ctx context.Context) error {
	crds, err := s.kubectl(ctx, "", "get", "crd", "-o", "name")
	if err != nil {
		return err
	}
	if strings.Contains(crds, ".klink.cloud") {
		return errors.New("this cluster has CRDs of klink.cloud already; this would remove them, and every Group with them")
	}
	for _, name := range []string{operatorNamespace, ours} {
		if err := s.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("this cluster has a namespace %s already; this would remove it (%w)", name, err)
		}
	}
	return nil
}

func simulatorRuns(ctx context.Context, s *show) (string, error) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: ours, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := s.Create(ctx, namespace); err != nil {
		return "", err
	}
	if err := s.Create(ctx, s.secret(ours)); err != nil {
		return "", err
	}
	if _, err := s.kubectl(ctx, fmt.Sprintf(simulator, s.images.simulator), "apply", "-f", "-"); err != nil {
		return "", err
	}
	if err := s.rolledOut(ctx, ours, "klink-simulator"); err != nil {
		return "", err
	}
	return "", eventually(ctx, func(ctx context.Context) error {
		_, err := s.remote.groups(ctx)
		return err
	})
}

// secret holds the account's token.
func (s *show) secret(namespace string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "klink-token", Namespace: namespace},
		StringData: map[string]string{"token": s.token},
	}
}

// rolledOut waits until all pods of the Deployment are new and ready.
func (s *show) rolledOut(ctx context.Context, namespace, name string) error {
	return eventually(ctx, func(ctx context.Context) error {
		var d appsv1.Deployment
		if err := s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &d); err != nil {
			return err
		}
		st := d.Status
		if st.ObservedGeneration < d.Generation || st.Replicas != *d.Spec.Replicas || st.UpdatedReplicas != *d.Spec.Replicas || st.AvailableReplicas != *d.Spec.Replicas {
			return fmt.Errorf("deployment %s: %d of %d pods are new, %d of %d available%s",
				name, st.UpdatedReplicas, *d.Spec.Replicas, st.AvailableReplicas, st.Replicas, s.troubles(ctx, namespace))
		}
		return nil
	})
}

// troubles says why pods of the namespace do not run.
func (s *show) troubles(ctx context.Context, namespace string) string {
	out, err := s.kubectl(ctx, "", "events", "-n", namespace, "--types=Warning", "--no-headers")
	if err != nil || strings.TrimSpace(out) == "" {
		return ""
	}
	return "\n" + out
}

func install(ctx context.Context, s *show) (string, error) {
	if err := s.way.install(ctx, s, s.images.manager); err != nil {
		return "", err
	}
	return s.images.manager, s.rolledOut(ctx, operatorNamespace, s.way.deployment)
}

// pods are the manager's that are not ending.
func (s *show) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := s.typed.CoreV1().Pods(operatorNamespace).List(ctx, metav1.ListOptions{LabelSelector: operatorPods})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), nil
}

// podsRun looks at what the manifests promise to who runs the pods.
func podsRun(ctx context.Context, s *show) (string, error) {
	pods, err := s.pods(ctx)
	if err != nil {
		return "", err
	}
	if len(pods) != 2 {
		return "", fmt.Errorf("%d pods, want 2", len(pods))
	}
	for _, pod := range pods {
		status := pod.Status.ContainerStatuses[0]
		probed := pod.Spec.Containers[0].LivenessProbe != nil && pod.Spec.Containers[0].ReadinessProbe != nil
		if !status.Ready || status.RestartCount > 0 || !probed {
			return "", fmt.Errorf("pod %s: ready %t, %d restarts, probes %t", pod.Name, status.Ready, status.RestartCount, probed)
		}
	}
	var namespace corev1.Namespace
	if err := s.Get(ctx, client.ObjectKey{Name: operatorNamespace}, &namespace); err != nil {
		return "", err
	}
	if got := namespace.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		return "", fmt.Errorf("the namespace enforces %q, want restricted", got)
	}
	// The label is one thing; that the cluster obeys it another.
	_, err = s.kubectl(ctx, "", "run", "intruder", "-n", operatorNamespace, "--image=example.com/none", "--privileged", "--dry-run=server")
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		return "", fmt.Errorf("a privileged pod was not refused: %w", err)
	}
	return "", nil
}

// leader is the pod that holds the lease.
func (s *show) leader(ctx context.Context) (string, error) {
	var l coordinationv1.Lease
	if err := s.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: lease}, &l); err != nil {
		return "", err
	}
	if l.Spec.HolderIdentity == nil {
		return "", errors.New("nobody holds the lease")
	}
	holder, _, _ := strings.Cut(*l.Spec.HolderIdentity, "_")
	return holder, nil
}

// leaderAmong waits until one of the pods that there are leads, and not the pod
// that is to be without it.
func (s *show) leaderAmong(ctx context.Context, without string) (leader string, err error) {
	err = eventually(ctx, func(ctx context.Context) error {
		pods, err := s.pods(ctx)
		if err != nil {
			return err
		}
		if leader, err = s.leader(ctx); err != nil {
			return err
		}
		lives := slices.ContainsFunc(pods, func(p corev1.Pod) bool { return p.Name == leader })
		if !lives || leader == without {
			return fmt.Errorf("%q leads, which is no pod that may", leader)
		}
		return nil
	})
	return leader, err
}

func oneLeads(ctx context.Context, s *show) (string, error) { return s.leaderAmong(ctx, "") }
