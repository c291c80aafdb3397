// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// act is one part of the demo. It fails when what it shows is not so.
type act struct {
	title string
	do    func(context.Context, *stage) error
}

// story is the whole demo.
var story = []act{
	{"Install the CRDs and the roles", install},
	{"Connect the cluster to an account", connect},
	{"Create: declare a group", create},
	{"Update: change the declaration", update},
	{"Drift: somebody changes the group behind the operator's back", drift},
	{"Archive the group, and bring it back", archive},
	{"A mistake is refused, and says what would be right", mistake},
	{"Delete: by default the group is archived, so that nothing is lost", deleteArchives},
	{"Delete for good: that takes two consents", deleteForGood},
	{"More ways to declare a group: the samples", samples},
	{"What it took", summary},
}

// hotel is the Group of config/samples/full.yaml.
const hotel = "kgrp/plaza-hotel"

// hotelGuests are its contacts, whose order means nothing.
const hotelGuests = "Cedric Cliff Hector Hester"

func create(ctx context.Context, s *stage) error {
	if err := s.enterNamespace(ctx); err != nil {
		return err
	}
	if err := s.file("config/samples/full.yaml"); err != nil {
		return err
	}
	err := s.all(ctx,
		[]string{"apply", "-f", "config/samples/full.yaml"},
		waitFor(ready, hotel),
		[]string{"get", "kgrp"})
	if err != nil {
		return err
	}
	if err := s.showEvent(ctx, "Created", ""); err != nil {
		return err
	}
	g, err := s.showHotel(ctx)
	return errors.Join(err, is("name", g.Name, "Plaza Hotel"), is("description", text(g.Description), "World-renowned."),
		is("contacts", g.usernames(), hotelGuests))
}

func update(ctx context.Context, s *stage) error {
	const finest = "The finest in New York."
	if err := s.patchHotel(ctx, `{"spec":{"description":"`+finest+`"}}`); err != nil {
		return err
	}
	if err := s.showEvent(ctx, "Updated", "description"); err != nil {
		return err
	}
	g, err := s.showHotel(ctx)
	return errors.Join(err, is("description", text(g.Description), finest),
		is("contacts", g.usernames(), hotelGuests))
}

func drift(ctx context.Context, s *stage) error {
	id, err := s.idOf(ctx, hotel)
	if err != nil {
		return err
	}
	g, err := s.changeRemote(ctx, id, `{"description": "Closed for renovation."}`)
	if err != nil {
		return err
	}
	if err := is("description", text(g.Description), "Closed for renovation."); err != nil {
		return err
	}
	err = s.narrator.during("Waiting for the next listing of the account (resyncInterval: 10s) ...", func() error {
		return s.awaitDescription(ctx, id, "The finest in New York.")
	})
	if err != nil {
		return err
	}
	if err := s.showEvent(ctx, "DriftCorrected", "description"); err != nil {
		return err
	}
	g, err = s.showRemote(ctx, id)
	return errors.Join(err, is("description", text(g.Description), "The finest in New York."))
}

// awaitDescription waits until the API shows a description.
func (s *stage) awaitDescription(ctx context.Context, id, want string) error {
	return eventually(ctx, func() error {
		answer, err := s.remote.call(ctx, http.MethodGet, s.remote.groupURL(id), "")
		if err != nil {
			return err
		}
		g, err := answer.group()
		return errors.Join(err, is("description", text(g.Description), want))
	})
}

func archive(ctx context.Context, s *stage) error {
	for _, archived := range []bool{true, false} {
		event := map[bool]string{true: "Archived", false: "Unarchived"}[archived]
		if err := s.patchHotel(ctx, fmt.Sprintf(`{"spec":{"archived":%t}}`, archived)); err != nil {
			return err
		}
		if err := s.showEvent(ctx, event, ""); err != nil {
			return err
		}
		g, err := s.showHotel(ctx)
		if err := errors.Join(err, is("archived", g.ArchivedAt != nil, archived)); err != nil {
			return err
		}
	}
	return nil
}

// mistaken contradicts itself, and names a contact badly.
const mistaken = `apiVersion: klink.cloud/v1alpha1
kind: Group
metadata:
  name: savoy
spec:
  name: " Savoy Hotel"
  groupID: hSIhXBhNe8X1d8Et
  adoptionPolicy: ByName
`

func mistake(ctx context.Context, s *stage) error {
	out, err := s.apply(ctx, mistaken)
	if err == nil {
		return errors.New("the manifest was accepted")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(contains(out, "white space"), contains(out, "ByName"))
}

func deleteArchives(ctx context.Context, s *stage) error {
	id, err := s.idOf(ctx, hotel)
	if err != nil {
		return err
	}
	if err := s.all(ctx, []string{"delete", "kgrp", "plaza-hotel", "--timeout=60s"}); err != nil {
		return err
	}
	g, err := s.showRemote(ctx, id)
	return errors.Join(err, is("archived", g.ArchivedAt != nil, true))
}

const popUp = `apiVersion: klink.cloud/v1alpha1
kind: Group
metadata:
  name: pop-up-event
spec:
  name: Pop-up Event
  deletionPolicy: Delete  # the first consent
`

func deleteForGood(ctx context.Context, s *stage) error {
	if _, err := s.apply(ctx, popUp); err != nil {
		return err
	}
	if err := s.all(ctx, waitFor(ready, "kgrp/pop-up-event")); err != nil {
		return err
	}
	id, err := s.idOf(ctx, "kgrp/pop-up-event")
	if err != nil {
		return err
	}
	const reason = `{.status.conditions[?(@.type=="Ready")].reason}`
	const message = `{.status.conditions[?(@.type=="Ready")].message}{"\n"}`
	err = s.all(ctx,
		[]string{"delete", "kgrp", "pop-up-event", "--wait=false"},
		waitFor("jsonpath="+reason+"=DeleteNotAllowed", "kgrp/pop-up-event"),
		[]string{"get", "kgrp", "pop-up-event", "-o", "jsonpath=" + message})
	if err != nil {
		return err
	}
	if _, err := s.showRemote(ctx, id); err != nil {
		return fmt.Errorf("the group must still be there: %w", err)
	}
	s.narrator.say("\nThe second consent is the connection's:")
	err = s.all(ctx,
		[]string{"patch", "kcconn", "default", "--type=merge", "-p", `{"spec":{"allowDelete":true}}`},
		waitFor("delete", "kgrp/pop-up-event"))
	if err != nil {
		return err
	}
	answer, err := s.remote.call(ctx, http.MethodGet, s.remote.groupURL(id), "")
	if err := errors.Join(err, is("the API's reply", answer.status, http.StatusNotFound)); err != nil {
		return err
	}
	s.narrator.say("Remote group %s is gone for good: the API answers %d.", id, answer.status)
	return nil
}

func samples(ctx context.Context, s *stage) error {
	err := s.all(ctx,
		[]string{"apply", "-f", "config/samples/minimal.yaml", "-f", "config/samples/adopt.yaml", "-f", "config/samples/observe.yaml"},
		waitFor(ready, "kgrp", "--all"),
		[]string{"get", "kgrp", "-o", "wide"})
	if err != nil {
		return err
	}
	id, err := s.idOf(ctx, "kgrp/adopted-by-id")
	if err != nil {
		return err
	}
	drifted, err := s.ask(ctx, "get", "kgrp", "observed", "-o", "jsonpath={.status.drift[*]}")
	return errors.Join(err, is("the id of adopted-by-id", id, "hSIhXBhNe8X1d8Et"), is("the drift of observed", drifted, "description"))
}

// created counts the groups that the demo had made: Plaza Hotel, Pop-up Event,
// and of the samples Concierge Desk and Ritz Hotel.
const created = 4

func summary(ctx context.Context, s *stage) error {
	s.narrator.say("The calls that the API has received, those above included:")
	answer, err := s.remote.call(ctx, http.MethodGet, s.remote.admin+"/counts", "")
	if err != nil {
		return err
	}
	s.narrator.say("%s", answer.pretty())
	lines, err := s.manager.lines()
	if err != nil {
		return err
	}
	log := strings.Join(lines, "\n")
	for _, bad := range []string{s.remote.token, "is forbidden", "panic"} {
		if strings.Contains(log, bad) {
			return errors.New("the manager's log contains a token, a refusal for lack of rights, or a panic")
		}
	}
	s.narrator.operator("one POST for each of the %d groups that were created; it was refused nothing, and its log shows no token.", created)
	s.narrator.say("%s", strings.TrimSuffix(nextSteps, "\n"))
	return contains(string(answer.body), fmt.Sprintf(`"POST": %d`, created))
}

const nextSteps = `
What to try next:

  make playground                  the same, left running until Ctrl-C: edit, delete and break things
  docs/simulator.md                what an API can do to an operator, and how this one takes it
  docs/install.md                  into a cluster of yours
`

// is reports what is not as it should be.
func is[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func contains(got, want string) error {
	if !strings.Contains(got, want) {
		return fmt.Errorf("%q does not contain %q", got, want)
	}
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// usernames are those of all members, sorted.
func (g group) usernames() string {
	var names []string
	for _, contact := range g.Contacts {
		names = append(names, contact.Username)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
