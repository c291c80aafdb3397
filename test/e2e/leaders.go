// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

const (
	// atLeast is how many Groups are created during an upgrade, and afterwards how
	// many more once the new version leads.
	atLeast    = 50
	afterwards = 10
	// between is the time between two of them.
	between = 100 * time.Millisecond
)

func leaderIsKilled(ctx context.Context, s *show) (string, error) {
	killed, err := s.leader(ctx)
	if err != nil {
		return "", err
	}
	if err := s.killPod(ctx, killed); err != nil {
		return "", err
	}
	leader, err := s.leaderAmong(ctx, killed)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, `{"description": "Under new management."}`, func(g group) bool {
		return g.Description != nil && *g.Description == "Under new management."
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, then %s", killed, leader), s.rolledOut(ctx, operatorNamespace, s.way.deployment)
}

// killPod ends the pod without any grace. On a node of our own its process is killed
// before, so that it cannot let go of the lease, which then has to run out.
func (s *show) killPod(ctx context.Context, name string) error {
	if s.kill != nil {
		pod, err := s.typed.CoreV1().Pods(operatorNamespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := s.kill(ctx, pod.Status.ContainerStatuses[0].ContainerID); err != nil {
			return err
		}
	}
	if _, err := s.kubectl(ctx, "", "delete", "pod", name, "-n", operatorNamespace, "--grace-period=0", "--force"); err != nil {
		return err
	}
	if s.kill == nil {
		return nil
	}
	leader, err := s.leader(ctx)
	if err == nil && leader != name {
		err = fmt.Errorf("%s was killed, but let go of the lease: %q holds it", name, leader)
	}
	return err
}

// upgradeUnderLoad creates Groups all the while: before, until a pod of the new
// version leads, and after. Nobody may get two remote groups, and nobody none.
func upgradeUnderLoad(ctx context.Context, s *show) (string, error) {
	upgraded := make(chan error, 1)
	count, newLeaderAt := 0, 0
	for newLeaderAt == 0 || count < atLeast || count < newLeaderAt+afterwards {
		if err := s.createGuest(ctx, count); err != nil {
			return "", err
		}
		count++
		if count == afterwards {
			go func() { upgraded <- s.way.install(ctx, s, s.images.next) }()
		}
		if newLeaderAt == 0 {
			leads, err := s.nextLeads(ctx)
			if err != nil {
				return "", err
			}
			if leads {
				newLeaderAt = count
			}
		}
		if count > 100*atLeast {
			return "", fmt.Errorf("no pod of %s leads after %d Groups", s.images.next, count)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(between):
		}
	}
	if err := <-upgraded; err != nil {
		return "", err
	}
	if err := s.rolledOut(ctx, operatorNamespace, s.way.deployment); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d Groups, of which %d before the new version led; each has one remote group", count, newLeaderAt), s.guestsAreSingle(ctx, count)
}

func guest(i int) (object, name string) {
	return fmt.Sprintf("guest-%d", i), fmt.Sprintf("Guest %d", i)
}

func (s *show) createGuest(ctx context.Context, i int) error {
	object, name := guest(i)
	return s.Create(ctx, &v1alpha1.Group{
		ObjectMeta: metav1.ObjectMeta{Namespace: ours, Name: object},
		Spec:       v1alpha1.GroupSpec{Name: name},
	})
}

// nextLeads says whether the leader is a pod of the image that is upgraded to.
func (s *show) nextLeads(ctx context.Context) (bool, error) {
	leader, err := s.leader(ctx)
	if err != nil {
		return false, client.IgnoreNotFound(err)
	}
	pods, err := s.pods(ctx)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(pods, func(p corev1.Pod) bool {
		return p.Name == leader && p.Spec.Containers[0].Image == s.images.next
	}), nil
}

// guestsAreSingle waits for all of them and counts the remote groups.
func (s *show) guestsAreSingle(ctx context.Context, count int) error {
	for i := range count {
		object, _ := guest(i)
		if _, err := s.synced(ctx, object); err != nil {
			return err
		}
	}
	all, err := s.remote.groups(ctx)
	if err != nil {
		return err
	}
	for i := range count {
		object, name := guest(i)
		g, err := s.synced(ctx, object)
		if err != nil {
			return err
		}
		if found := all[name]; len(found) != 1 || found[0].ID != g.Status.ID {
			return fmt.Errorf("group %s has the id %s; remotely there are %+v", object, g.Status.ID, found)
		}
	}
	return nil
}
