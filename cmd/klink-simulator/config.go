// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// tokenVariable is the environment variable of the token; test/contract reads the same one.
const tokenVariable = "KLINK_TOKEN"

var errUsage = errors.New("usage")

const usage = `klink-simulator is a stand-in for the klink.cloud groups API, in memory.

  klink-simulator -seed-page-example
  curl -G http://127.0.0.1:8080/api/v1/groups -H "Authorization: Bearer ` + simulator.DefaultToken + `" -d limit=10

The bearer token is that of -token-file, or else of -token, or else of the variable ` + tokenVariable + `,
or else "` + simulator.DefaultToken + `". Everything but the addresses and the seeds can be changed while it runs:

  curl -X PUT http://127.0.0.1:8080/_simulator/settings -d '{"paging": "Page", "latency": "200ms"}'
  curl -X POST http://127.0.0.1:8080/_simulator/faults -d '{"method": "POST", "action": "ResetAfter", "times": 1}'

Flags:
`

// config is what the flags say.
type config struct {
	address, adminAddress string
	token, tokenFile      string
	seedPage              bool
	seedFile              string
	seedGroups            int
	randomSeed            uint64
	settings              simulator.Settings
	verbose, version      bool
}

// parse reads the flags. The errors are flag.ErrHelp and errUsage, both explained on out already.
func parse(args []string, out io.Writer) (*config, error) {
	c := &config{}
	flags := flag.NewFlagSet("klink-simulator", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {} // a mistake is answered by one line, not by all flags
	c.bind(flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(out, usage)
		flags.PrintDefaults()
		return nil, err
	case err != nil:
		_, _ = fmt.Fprintln(out, "-h lists the flags")
		return nil, errUsage
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(out, "unexpected argument %q\n-h lists the flags\n", flags.Arg(0))
		return nil, errUsage
	}
	return c, nil
}

func (c *config) bind(flags *flag.FlagSet) {
	flags.StringVar(&c.address, "address", "127.0.0.1:8080", "`host:port` of the API; port 0 picks a free one")
	flags.StringVar(&c.adminAddress, "admin-address", "",
		"`host:port` of the admin endpoint, which asks for no token; by default it is on the API's own, if that is loopback")
	flags.StringVar(&c.token, "token", "", "bearer `token`; other users of the machine can read it here")
	flags.StringVar(&c.tokenFile, "token-file", "", "`file` with the bearer token")
	flags.BoolVar(&c.seedPage, "seed-page-example", false, "start with the two groups that the API's reference page shows")
	flags.StringVar(&c.seedFile, "seed-file", "", "start with the groups of this JSON `file`: an array in the form of the API")
	flags.IntVar(&c.seedGroups, "seed-groups", 0, "start with this `number` of groups, named \"Group 1\" and so on")
	flags.Uint64Var(&c.randomSeed, "random-seed", 0, "a `number` that makes ids repeatable; 0 for none")
	flags.Func("settings-file", "JSON `file` with settings, as the admin endpoint has them; flags after it change them", c.readSettings)
	flags.BoolVar(&c.verbose, "v", false, "log one line for each request")
	flags.BoolVar(&c.version, "version", false, "print the version and exit")
	bindSettings(flags, &c.settings)
}

func bindSettings(flags *flag.FlagSet, s *simulator.Settings) {
	flags.DurationVar(&s.Latency, "latency", 0, "how long each reply takes")
	flags.DurationVar(&s.Lag, "lag", 0, "how long reads show the old state after a write")
	flags.Float64Var(&s.RateLimit.RequestsPerSecond, "rate-limit", 0, "requests per second until 429; 0 for no limit")
	flags.IntVar(&s.RateLimit.Burst, "rate-burst", 0, "requests above the rate limit at once")
	flags.IntVar(&s.MaxLimit, "max-limit", 0, "largest page; 0 for 100, or for none with -paging Limit")
	flags.BoolVar(&s.HideArchived, "hide-archived", false, "leave archived groups out of plain lists")
	flags.BoolVar(&s.UniqueNames, "unique-names", false, "answer 409 to a second group of a name")
	choice(flags, &s.Paging, "paging", simulator.Cursor, simulator.Page, simulator.HasMorePage, simulator.Limit,
		simulator.SinglePage, simulator.Incomplete)
	choice(flags, &s.Order, "order", simulator.NewestFirst, simulator.OldestFirst)
	choice(flags, &s.Envelope, "envelope", simulator.Bare, simulator.Wrapped)
	choice(flags, &s.Timestamps, "timestamps", simulator.Unix, simulator.RFC3339)
	choice(flags, &s.Text, "text", simulator.AsIs, simulator.Trim, simulator.EscapeHTML, simulator.NullEmpty)
	choice(flags, &s.DeleteReply, "delete-reply", simulator.NoContent, simulator.WithBody)
	choice(flags, &s.UnknownContacts, "unknown-contacts", simulator.Accept, simulator.Drop, simulator.Reject)
	choice(flags, &s.Put, "put", simulator.Merge, simulator.Replace)
	choice(flags, &s.WriteReply, "write-reply", simulator.WithGroup, simulator.WithoutBody)
	flags.BoolVar(&s.NumericUsernames, "numeric-usernames", false, "show usernames of digits as JSON numbers")
	flags.DurationVar(&s.Age, "age", 0, "what the header Age of replies to a GET says, as from a cache; 0 for no such header")
	flags.Func("omit-in-lists", "comma-separated `attributes` that listed groups lack", func(text string) error {
		s.OmitInLists = strings.Split(text, ",")
		return nil
	})
	flags.Func("known-contacts", "comma-separated `usernames` for -unknown-contacts Drop and Reject", func(text string) error {
		s.KnownContacts = strings.Split(text, ",")
		return nil
	})
}

// choice adds a flag that takes one of some names, in any case; the first is the default.
func choice[T ~string](flags *flag.FlagSet, into *T, name string, choices ...T) {
	list := make([]string, 0, len(choices))
	for _, c := range choices {
		list = append(list, string(c))
	}
	names := strings.Join(list, ", ")
	flags.Func(name, "one of "+names+" (default "+list[0]+")", func(text string) error {
		for _, c := range choices {
			if strings.EqualFold(text, string(c)) {
				*into = c
				return nil
			}
		}
		return errors.New("must be one of " + names)
	})
}

func (c *config) readSettings(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &c.settings)
}

// server makes the server that the flags describe.
func (c *config) server(env func(string) string, stderr io.Writer) (*simulator.Server, error) {
	token, err := c.bearerToken(env)
	if err != nil {
		return nil, err
	}
	if err := c.settings.Validate(); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	options := simulator.Options{Token: token, Seed: c.randomSeed, Settings: c.settings}
	if c.verbose {
		logger := log.New(stderr, "", log.LstdFlags|log.Lmicroseconds)
		options.OnRequest = func(r simulator.Request) { logger.Print(line(r)) }
	}
	server := simulator.New(options)
	if err := c.seed(server.Account(simulator.DefaultTenant)); err != nil {
		server.Close()
		return nil, err
	}
	return server, nil
}

func readFile(flagName, file string) ([]byte, error) {
	text, err := os.ReadFile(file) //nolint:gosec // those who start the program name its files
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flagName, err)
	}
	return text, nil
}

// bearerToken is the token, empty for the default one.
func (c *config) bearerToken(env func(string) string) (string, error) {
	if c.tokenFile == "" {
		return strings.TrimSpace(cmp.Or(c.token, env(tokenVariable))), nil
	}
	text, err := readFile("-token-file", c.tokenFile)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("-token-file: %s is empty", c.tokenFile)
	}
	return token, nil
}

func (c *config) seed(account simulator.Account) error {
	for i := range c.seedGroups {
		account.Seed(simulator.Group{Name: "Group " + strconv.Itoa(i+1)})
	}
	if c.seedPage {
		account.SeedPageExample()
	}
	if c.seedFile == "" {
		return nil
	}
	text, err := readFile("-seed-file", c.seedFile)
	if err != nil {
		return err
	}
	if err := account.SeedJSON(text); err != nil {
		return fmt.Errorf("-seed-file %s: %w", c.seedFile, err)
	}
	return nil
}

// line is a request as the log shows it. Request has no token in it.
func line(r simulator.Request) string {
	target := r.Path
	if r.Query != "" {
		target += "?" + r.Query
	}
	status := strconv.Itoa(r.Status)
	if r.Status == 0 {
		status = "broken"
	}
	if r.Committed {
		status += " committed"
	}
	return fmt.Sprintf("%s %q %s", r.Method, target, status)
}
