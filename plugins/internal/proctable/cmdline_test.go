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
		{"sh -c mysqldump·-u·root·-pHUNTER2·shop·|·gzip", "sh -c mysqldump -u root -p*** shop | gzip"},
		{"sh -c mysqldump·-uroot·-p'a·b'·shop", "sh -c mysqldump -uroot -p'***' shop"},
		{"sh -c cd·/tmp;·/usr/bin/mysql·-pS3·db;·true", "sh -c cd /tmp; /usr/bin/mysql -p*** db; true"},
		{"mysql·-pS3·db", "mysql -p*** db"}, // a title
		{"mysql -pmy·pass db", "mysql -p*** db"},
		{"mysql -p db", "mysql -p db"},
		{"sudo mysqldump -pS3 db", "sudo mysqldump -p*** db"},
		{"mysql db | tar -pxf x", "mysql db | tar -pxf x"},
		{"sshpass -pS3 ssh -p 22 host", "sshpass -p*** ssh -p 22 host"},
		{"sh -c sshpass·-p·S3·ssh·host", "sh -c sshpass -p *** ssh host"},
		{"curl --proxy-user u:P http://x", "curl --proxy-user u:*** http://x"},
		{"curl -U u:P http://x", "curl -U u:*** http://x"},
		{"curl -Uu:P http://x", "curl -Uu:*** http://x"},
		{"ncat --proxy-auth u:P host 80", "ncat --proxy-auth u:*** host 80"},
		{"smbclient -U DOM/u%P //h/s", "smbclient -U DOM/u%*** //h/s"},
		{"sh -c smbclient·-U·'DOM/uid%PW'·//h/s", "sh -c smbclient -U 'DOM/uid%***' //h/s"},
		{"redis-cli -h db -a P ping", "redis-cli -h db -a *** ping"},
		{"redis-server --masterauth P --port 1", "redis-server --masterauth *** --port 1"},
		{"ldapsearch -x -w P -b dc=x", "ldapsearch -x -w *** -b dc=x"},
		{"ipmitool -H h -P P chassis", "ipmitool -H h -P *** chassis"},
		{"snmpwalk -v3 -A P1 -X P2 -c P3 host", "snmpwalk -v3 -A *** -X *** -c *** host"},
		{"sqlcmd -S s -U sa -P P -Q q", "sqlcmd -S s -U sa -P *** -Q q"},
		{"mongo -u u -p P db", "mongo -u u -p *** db"},
		{"docker login -u u -p P reg", "docker login -u u -p *** reg"},
		{"docker run -p 80:80 nginx", "docker run -p 80:80 nginx"},
		{"az login -u u -p P", "az login -u u -p ***"},
		{"plink -pw P host", "plink -pw *** host"},
		{"mosquitto_sub -u u -P P -t t", "mosquitto_sub -u u -P *** -t t"}, //nolint:misspell // its name
		{"xfreerdp /u:u /p:P /v:h", "xfreerdp /u:u /p:*** /v:h"},
		{"sqlplus u/P@db @x.sql", "sqlplus u/***@db @x.sql"},
		{"sqlplus /nolog", "sqlplus /nolog"},
		{"lftp -u u,P ftp://h", "lftp -u u,*** ftp://h"},
		{"tailscale up --authkey=P", "tailscale up --authkey=***"},
		{"tailscale up --auth-key P", "tailscale up --auth-key ***"},
		{"psk --tls-psk P", "psk --tls-psk ***"},
		{"vpn --passcode=P --otp 123", "vpn --passcode=*** --otp ***"},
		{"nmcli dev wifi connect s password P", "nmcli dev wifi connect s password ***"},
		{"aws configure set aws_secret_access_key P", "aws configure set aws_secret_access_key ***"},
		{"vault login s.P", "vault login ***"},
		{"vault login -method=ldap username=u", "vault login -method=ldap username=u"},
		{"openssl rsa -passin pass:P -in k", "openssl rsa -passin pass:*** -in k"},
		{"git clone https://ghp_0123456789abcdef@host/x", "git clone https://***@host/x"},
		{"git clone ssh://git@host/x", "git clone ssh://git@host/x"},
		{"7z a -pS3 x.7z", "7z a -p*** x.7z"},
		{"find / -name x -printf %u:%p", "find / -name x -printf %u:%p"},
		{"ftp --passive host", "ftp --passive host"},
		{"passwd root", "passwd root"},
		{"systemd-tty-ask-password-agent --watch", "systemd-tty-ask-password-agent --watch"},
	} {
		if got := defaults.Text(argumentsOf(tc.args)); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.args, got, tc.want)
		}
	}
}

// argumentsOf returns the arguments in a line of a table: one for each word, where ·
// is a blank in it.
func argumentsOf(line string) []string {
	args := strings.Fields(line)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "·", " ")
	}
	return args
}

// What is longer than the limit is cut between characters, after the secrets
// are hidden: the text that identifies one can lie behind the limit.
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

// TestOnlyTheProgram wants no argument, whatever a program writes over them.
func TestOnlyTheProgram(t *testing.T) {
	c, err := NewCmdlines([]string{DefaultRedact, HideArguments}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{"": nil, "/usr/bin/mysql": {"/usr/bin/mysql", "-pS3", "db"}, "postgres:": {"postgres: S3 idle"}} {
		if got := c.Text(args); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
}

// FuzzSecrets holds the search for secrets to what it might do: replace parts.
func FuzzSecrets(f *testing.F) {
	f.Add("sh\x00-c\x00mysql -p'a b' | curl -u a:b", 100)
	f.Add("vault login \"", 10)
	f.Add("sh\x00-c\x00ssh h \"sh -c 'mysql \\\"-pX\\\" d'\"; isql a b 'c", 80)
	f.Fuzz(func(t *testing.T, line string, limit int) {
		c, err := NewCmdlines([]string{DefaultRedact}, min(max(limit, 0), 1<<16))
		if err != nil {
			t.Fatal(err)
		}
		c.Text(strings.Split(line, "\x00"))
	})
}
