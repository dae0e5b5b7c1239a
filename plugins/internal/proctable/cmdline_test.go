package proctable

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCmdlineText(t *testing.T) {
	defaults, err := NewCmdlines([]string{DefaultRedact}, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ args, want string }{ // an argument a word, · is a blank in it
		{"nginx -g daemon·off;", "nginx -g daemon off;"},
		{"", ""},
		{"db --password=hunter2 --port=5", "db --password=*** --port=5"},
		{"db --password=my·pass·word -v", "db --password=*** -v"},
		{"db --password hunter2 -v", "db --password *** -v"},
		{"db -passwd hunter2", "db -passwd ***"},
		{"db --db-pass=x --bypassword y", "db --db-pass=*** --bypassword ***"},
		{"java -Djavax.net.ssl.keyStorePassword=x -jar a.jar", "java -Djavax.net.ssl.keyStorePassword=*** -jar a.jar"},
		{"env PGPASSWORD=x API_KEY=y psql", "env PGPASSWORD=*** API_KEY=*** psql"},
		{"run --secretKey abc --api-key=def --access_key ghi --token jkl", "run --secretKey *** --api-key=*** --access_key *** --token ***"},
		{`sh -c {"token":·"abc"}`, `sh -c {"token": ***`},
		{"agent --password·hunter2·-v", "agent --password ***"}, // argv was overwritten by one text
		{"git clone https://me:ghp_abc@example.org/x.git", "git clone https://me:***@example.org/x.git"},
		{"psql postgres://u:p/w:d@db:5432/x", "psql postgres://u:***@db:5432/x"},
		{"get http://example.org:80/a", "get http://example.org:80/a"},
		{"curl -H Authorization:·Basic·dTpw http://x", "curl -H Authorization: *** http://x"},
		{"curl -H X:·Bearer·abc", "curl -H X: Bearer ***"},
		{"curl -u me:abc -uyou:def --user=she:ghi", "curl -u me:*** -uyou:*** --user=she:***"},
		{"/usr/bin/mysql -h db -phunter2 -v", "/usr/bin/mysql -h db -p*** -v"},
		{"sshpass -p hunter2 mysqldump -phunter3 x", "sshpass -p *** mysqldump -p*** x"},
		{"ftp --passive host", "ftp --passive host"},
		{"passwd root", "passwd root"},
		{"systemd-tty-ask-password-agent --watch", "systemd-tty-ask-password-agent --watch"},
	} {
		args := strings.Fields(tc.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "·", " ")
		}
		if got := defaults.Text(args); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.args, got, tc.want)
		}
	}
}

// What is longer than the limit is cut between characters, after the secrets
// are hidden: what tells one can lie behind the limit.
func TestCmdlineLimitD21(t *testing.T) {
	c, err := NewCmdlines([]string{DefaultRedact}, 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, arg, want string }{
		{"200 000 bytes", strings.Repeat("a", 200_000), "x " + strings.Repeat("a", 18)},
		{"at a character", strings.Repeat("é", 20), "x " + strings.Repeat("é", 9)},
		{"secret over the limit", "http://user:" + strings.Repeat("secret", 200) + "@host", "x http://user:***@ho"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := c.Text([]string{"x", tc.arg}); got != tc.want || !utf8.ValidString(got) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestRedactPatterns(t *testing.T) {
	for _, tc := range []struct{ name, pattern, want string }{
		{"without group", "b+", "a *** c"},
		{"groups that take part", "(a)|(c)", "*** bb ***"},
		{"nested groups", "(b(b))", "a *** c"},
		{"none", "x", "a bb c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := NewCmdlines([]string{tc.pattern}, 100)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Text([]string{"a", "bb", "c"}); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
