// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// The example group as the page's replies print it.
const plaza = `{
  "id": "l7cGNIBKZiNJ6wqF",
  "name": "Plaza Hotel",
  "description": "World-renowned.",
  "avatar_url": "https://assets.protocol.chat/avatars/plazahotel.jpg",
  "conversation_id": "ZYjVAbCE9g5XRlra",
  "contacts": [{"username": "Hector"}, {"username": "Cedric"}, {"username": "Hester"}, {"username": "Cliff"}],
  "created_at": 692233200,
  "archived_at": null
}`

// TestPageCommands runs the curl commands that the page prints, in its order, and compares their replies with those
// that it prints. What it elides, and the ids and time of a new group, are not compared.
func TestPageCommands(t *testing.T) {
	tests := []struct {
		name, command string
		status        int
		want          string
		ignored       []string // keys that are the server's to choose
	}{
		{
			name: "list",
			command: `curl -G https://api.klink.cloud/api/v1/groups \
  -H "Authorization: Bearer {token}" \
  -d limit=10`,
			status: 200, want: `{"has_more": false, "data": [` + plaza + `, {"id": "hSIhXBhNe8X1d8Et"}]}`,
		},
		{
			name: "create",
			command: `curl https://api.klink.cloud/api/v1/groups \
  -H "Authorization: Bearer {token}" \
  -d name="Plaza Hotel"`,
			status: 200,
			want:   `{"name": "Plaza Hotel", "description": null, "avatar_url": null, "contacts": [], "archived_at": null}`,

			ignored: []string{"id", "conversation_id", "created_at"},
		},
		{
			name: "retrieve",
			command: `curl https://api.klink.cloud/api/v1/groups/L7cGNIBKZiNJ6wqF \
  -H "Authorization: Bearer {token}"`,
			status: 200, want: plaza,
		},
		{
			name: "update",
			command: `curl -X PUT https://api.klink.cloud/api/v1/groups/L7cGNIBKZiNJ6wqF \
  -H "Authorization: Bearer {token}" \
  -d description="The finest in New York."`,
			status: 200, want: strings.Replace(plaza, "World-renowned.", "The finest in New York.", 1),
		},
		{
			name: "delete",
			command: `curl -X DELETE https://api.klink.cloud/api/v1/groups/L7cGNIBKZiNJ6wqF \
  -H "Authorization: Bearer {token}"`,
			status: 204,
		},
		{
			name: "retrieve afterwards",
			command: `curl https://api.klink.cloud/api/v1/groups/L7cGNIBKZiNJ6wqF \
  -H "Authorization: Bearer {token}"`,
			status: 404, want: `{"status": "error", "message": "no such group"}`,
		},
	}
	server := simulator.Start(t, simulator.Options{})
	server.Account(simulator.DefaultTenant).SeedPageExample()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, got := runCurl(t, tt.command, server.URL, simulator.DefaultToken)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			for _, key := range tt.ignored {
				if got[key] == nil {
					t.Errorf("%s is missing", key)
				}
				delete(got, key)
			}
			if diff := cmp.Diff(parseObject(t, tt.want), elide(got)); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
		})
	}
}

// elide leaves of a list's second group what the page prints of it.
func elide(reply map[string]any) map[string]any {
	if data, ok := reply["data"].([]any); ok && len(data) == 2 {
		second, _ := data[1].(map[string]any)
		data[1] = map[string]any{"id": second["id"]}
	}
	return reply
}

func parseObject(t *testing.T, text string) map[string]any {
	t.Helper()
	if text == "" {
		return nil
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return object
}

func runCurl(t *testing.T, command, endpoint, token string) (int, map[string]any) {
	t.Helper()
	command = strings.NewReplacer("https://api.klink.cloud/api/v1", endpoint, "{token}", token).Replace(command)
	status, reply := sendCurl(t, command)
	return status, parseObject(t, reply)
}

// sendCurl sends what curl would send, and returns the reply.
func sendCurl(t *testing.T, command string) (status int, reply string) {
	t.Helper()
	request, err := parseCurl(command)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// parseCurl makes the request that curl would make, of the options that the page uses: -G, -X, -H and -d. Like curl, it
// sends the data as they are typed, without escaping them.
func parseCurl(command string) (*http.Request, error) {
	words, err := shellWords(command)
	if err != nil || len(words) == 0 || words[0] != "curl" {
		return nil, fmt.Errorf("no curl command: %q (%w)", command, err)
	}
	method, target, header, inQuery := "", "", http.Header{}, false
	var data []string
	for i := 1; i < len(words); i++ {
		option := words[i]
		if takesValue := option == "-X" || option == "-H" || option == "-d"; takesValue {
			if i++; i == len(words) {
				return nil, fmt.Errorf("%s has no value", option)
			}
		}
		switch option {
		case "-G":
			inQuery = true
		case "-X":
			method = words[i]
		case "-H":
			name, value, _ := strings.Cut(words[i], ":")
			header.Set(name, strings.TrimSpace(value))
		case "-d":
			data = append(data, words[i])
		default:
			target = option
		}
	}
	return curlRequest(method, target, header, strings.Join(data, "&"), inQuery)
}

func curlRequest(method, target string, header http.Header, data string, inQuery bool) (*http.Request, error) {
	body := io.Reader(http.NoBody)
	switch {
	case data != "" && inQuery:
		target += "?" + data
	case data != "":
		body = strings.NewReader(data)
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		if method == "" {
			method = http.MethodPost
		}
	}
	if _, err := url.Parse(target); err != nil {
		return nil, err
	}
	request, err := http.NewRequest(method, target, body)
	if err != nil {
		return nil, err
	}
	request.Header = header
	return request, nil
}

// shellWords splits as a shell does, as far as the page and our own documentation need: white space, quotes, and a
// backslash at the end of a line.
func shellWords(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	quote, inWord := rune(0), false
	for _, r := range strings.ReplaceAll(command, "\\\n", " ") {
		switch {
		case r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, inWord = r, true
		case quote == 0 && (r == ' ' || r == '\n'):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("unclosed quote in %q", command)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
