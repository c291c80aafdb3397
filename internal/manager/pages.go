// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package manager

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// listPage is how many objects are listed at a time. Each may be as large as etcd takes it.
const listPage = 25

// pages lists what is to be cached in small pages, and makes each small before it asks for
// the next. The cache is filled from a stream where the API server has one. Where it has
// none (Kubernetes 1.33 as it comes), or does not answer in time, client-go lists everything
// at once: 300 Groups of the largest size took more memory than the manager has.
type pages struct {
	from    cache.ListerWatcherWithContext
	compact func(any) (any, error)
}

// informerMaker makes an informer of the cache.
type informerMaker func(cache.ListerWatcher, runtime.Object, time.Duration, cache.Indexers) cache.SharedIndexInformer

// inPages has informers list so.
func (m informerMaker) inPages(compact func(any) (any, error)) informerMaker {
	return func(from cache.ListerWatcher, example runtime.Object, resync time.Duration, indexers cache.Indexers) cache.SharedIndexInformer {
		return m(&pages{from: cache.ToListerWatcherWithContext(from), compact: compact}, example, resync, indexers)
	}
}

// ListWithContext returns everything as one list. It is as new as the API server has it: a
// list as of some version, or as old as it likes, the API server does not give in pages.
func (p *pages) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	options.ResourceVersion, options.ResourceVersionMatch, options.Limit = "", "", listPage
	var all []runtime.Object
	for {
		page, err := p.from.ListWithContext(ctx, options)
		if err != nil {
			return nil, err //nolint:wrapcheck // client-go tells errors apart
		}
		list, err := meta.ListAccessor(page)
		if err != nil {
			return nil, fmt.Errorf("reading a list: %w", err)
		}
		err = meta.EachListItemWithAlloc(page, func(object runtime.Object) error {
			_, err := p.compact(object)
			all = append(all, object)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading a list: %w", err)
		}
		if options.Continue = list.GetContinue(); options.Continue != "" {
			continue
		}
		list.SetRemainingItemCount(nil)
		if err := meta.SetList(page, all); err != nil {
			return nil, fmt.Errorf("joining the pages of a list: %w", err)
		}
		return page, nil
	}
}

// WatchWithContext implements cache.ListerWatcherWithContext.
func (p *pages) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	return p.from.WatchWithContext(ctx, options) //nolint:wrapcheck // client-go tells errors apart
}

// List implements cache.ListerWatcher.
func (p *pages) List(options metav1.ListOptions) (runtime.Object, error) {
	return p.ListWithContext(context.Background(), options)
}

// Watch implements cache.ListerWatcher.
func (p *pages) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return p.WatchWithContext(context.Background(), options)
}
