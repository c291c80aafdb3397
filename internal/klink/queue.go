// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package klink

import (
	"container/heap"
	"time"
)

// patience is how long a ticket outlives the time that its key was told to come back.
const patience = 15 * time.Second

// ticket is a key's place in the queue.
type ticket struct {
	key   string
	class Class
	due   time.Time // when the key was told to come back; zero before it was told
	slot  int       // in its line
	index int       // in the heap of dues, -1 outside
}

// dueBy says whether the time that the key was told has come.
func (t *ticket) dueBy(now time.Time) bool { return !t.due.IsZero() && !now.Before(t.due) }

// queue holds one line of tickets for each class.
type queue struct {
	tickets map[string]*ticket
	lines   [classes]line
	dues    dues
}

func newQueue() queue { return queue{tickets: map[string]*ticket{}} }

// place returns key's ticket, at the end of its class if it has none there yet.
func (q *queue) place(key string, class Class) *ticket {
	t := q.tickets[key]
	if t != nil && t.class == class {
		return t
	}
	if t != nil {
		q.remove(t)
	}
	t = &ticket{key: key, class: class, index: -1}
	q.tickets[key] = t
	q.lines[class].join(t)
	return t
}

func (q *queue) setDue(t *ticket, due time.Time) {
	t.due = due
	if t.index < 0 {
		heap.Push(&q.dues, t)
		return
	}
	heap.Fix(&q.dues, t.index)
}

func (q *queue) forget(key string) {
	if t := q.tickets[key]; t != nil {
		q.remove(t)
	}
}

func (q *queue) remove(t *ticket) {
	delete(q.tickets, t.key)
	q.lines[t.class].leave(t)
	if t.index >= 0 {
		heap.Remove(&q.dues, t.index)
	}
}

// expire drops the tickets whose keys have stayed away.
func (q *queue) expire(now time.Time) {
	for len(q.dues) > 0 && now.Sub(q.dues[0].due) > patience {
		q.remove(q.dues[0])
	}
}

// ahead counts the tickets that go before t: the better classes, and the earlier ones of its own.
func (q *queue) ahead(t *ticket) int {
	n := q.aheadInClass(t)
	for class := range t.class {
		n += q.lines[class].length
	}
	return n
}

func (q *queue) aheadInClass(t *ticket) int { return q.lines[t.class].before(t) }

// line is the tickets of one class in their order. A Fenwick tree over its slots counts those ahead
// of a ticket in O(log n), with tickets leaving from anywhere.
type line struct {
	slots  []*ticket // nil where one has left; the first ticket to come has the first slot
	tree   []int     // tree[i] counts the tickets in the slots (i - lowest bit of i, i], counted from 1
	used   int
	length int
}

func (l *line) join(t *ticket) {
	if l.used == len(l.slots) {
		l.rebuild()
	}
	t.slot = l.used
	l.slots[t.slot] = t
	l.used++
	l.count(t.slot, 1)
}

func (l *line) leave(t *ticket) {
	l.slots[t.slot] = nil
	l.count(t.slot, -1)
}

// rebuild closes the gaps and makes room for as many tickets again: O(n), once in n joins.
func (l *line) rebuild() {
	old := l.slots
	size := 2*l.length + 64
	*l = line{slots: make([]*ticket, size), tree: make([]int, size+1)}
	for _, t := range old {
		if t != nil {
			t.slot = l.used
			l.slots[t.slot] = t
			l.used++
			l.count(t.slot, 1)
		}
	}
}

func (l *line) count(slot, by int) {
	l.length += by
	for i := slot + 1; i < len(l.tree); i += i & -i {
		l.tree[i] += by
	}
}

func (l *line) before(t *ticket) int {
	n := 0
	for i := t.slot; i > 0; i -= i & -i {
		n += l.tree[i]
	}
	return n
}

// dues is a heap of tickets, the earliest due first.
type dues []*ticket

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].due.Before(d[j].due) }

func (d dues) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}

// Push is for container/heap.
func (d *dues) Push(x any) {
	t := x.(*ticket)
	t.index = len(*d)
	*d = append(*d, t)
}

// Pop is for container/heap.
func (d *dues) Pop() any {
	last := (*d)[len(*d)-1]
	last.index = -1
	(*d)[len(*d)-1] = nil
	*d = (*d)[:len(*d)-1]
	return last
}
