package proctable

import "testing"

// TestSecrets holds what is hidden, and what is not, to the manuals of the programs.
// Lines are those of argumentsOf.
func TestSecrets(t *testing.T) {
	defaults, err := NewCmdlines([]string{DefaultRedact}, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []struct {
		name  string
		lines [][2]string
	}{
		{"titles, whose words arrive as arguments", [][2]string{
			{`curl -H Authorization: Bearer X http://x`, `curl -H Authorization: *** http://x`},
			{`curl -H Authorization: Basic dTpw http://x`, `curl -H Authorization: *** http://x`},
			{`curl -H Authorization: X:Y http://x`, `curl -H Authorization: *** http://x`},
			{`curl -H Authorization: Digest username="u", response="R" http://x`, `curl -H Authorization: *** http://x`},
			{`curl -H Authorization: http://x`, `curl -H Authorization: http://x`},
			{`curl -H 'Authorization: Bearer X' http://x`, `curl -H 'Authorization: *** http://x`},
			{`wget --header=Authorization: Bearer X http://x`, `wget --header=Authorization: *** http://x`},
			{`http h Authorization:Bearer X`, `http h Authorization:***`},
			{`curl -H Proxy-Authorization: Basic X -v`, `curl -H Proxy-Authorization: *** -v`},
			{`curl -H X: Bearer X http://x`, `curl -H X: Bearer *** http://x`},
			{`curl -H X-Api-Key: X http://x`, `curl -H X-Api-Key: *** http://x`},
			{`curl -H Cookie: a=X; b=Y http://x`, `curl -H Cookie: *** http://x`},
			{`curl -H Accept: text/html http://x`, `curl -H Accept: text/html http://x`},
			{`ask Password: --timeout=5`, `ask Password: --timeout=5`},
			{`app --auth-type=bearer https://h`, `app --auth-type=bearer https://h`},
		}},
		{"headers", [][2]string{
			{`curl -H Cookie:·a=X;·b=Y http://x`, `curl -H Cookie: *** http://x`},
			{`app {"Authorization":·"Basic·X"}`, `app {"Authorization": ***`},
		}},
		{"httpie", [][2]string{
			{`http -a u:P h`, `http -a u:*** h`},
			{`http --auth u:P h`, `http --auth u:*** h`},
			{`https -au:P h`, `https -au:*** h`},
			{`http --auth=u:P h`, `http --auth=u:*** h`},
			{`http -fa u:P h`, `http -fa u:*** h`},
			{`http -A bearer -a X h`, `http -A bearer -a *** h`},
			{`http -A bearer h a==b`, `http -A bearer h a==b`},
		}},
		{"openssl", [][2]string{
			{`openssl enc -aes-256-cbc -k P -in f`, `openssl enc -aes-256-cbc -k *** -in f`},
			{`openssl enc -K P -iv 00`, `openssl enc -K *** -iv 00`},
			{`openssl enc -pass pass:P -in f`, `openssl enc -pass *** -in f`},
			{`openssl enc -kfile f -in g`, `openssl enc -kfile f -in g`},
			{`openssl req -newkey rsa:2048 -keyout k`, `openssl req -newkey rsa:2048 -keyout k`},
			{`openssl pkcs12 -passin pass:P -passout pass:Q`, `openssl pkcs12 -passin pass:*** -passout pass:***`},
			{`openssl rsa -passin file:/x -in k`, `openssl rsa -passin file:/x -in k`},
			{`openssl dgst -hmac P f`, `openssl dgst -hmac *** f`},
			{`openssl mac -macopt hexkey:P -macopt digest:SHA256 HMAC`, `openssl mac -macopt hexkey:*** -macopt digest:SHA256 HMAC`},
			{`openssl passwd -6 -salt ab P`, `openssl passwd -6 -salt ab ***`},
			{`openssl passwd -6 -stdin`, `openssl passwd -6 -stdin`},
		}},
		{"isql", [][2]string{
			{`isql dsn u P`, `isql dsn u ***`},
			{`isql -v dsn u -b P`, `isql -v dsn u -b ***`},
			{`iusql mysql u P -b`, `iusql mysql u *** -b`},
			{`isql -S s -U sa -P P -i f`, `isql -S s -U sa -P *** -i f`},
			{`isql -S s -U sa -D db -i f`, `isql -S s -U sa -D db -i f`},
			{`isql -v dsn`, `isql -v dsn`},
		}},
		{"quotes", [][2]string{
			{`sh -c mysql·'-pX'·d`, `sh -c mysql '-p***' d`},
			{`sh -c mysql·"-pX"·d`, `sh -c mysql "-p***" d`},
			{`sh -c mysql·"-p"X·d`, `sh -c mysql "-p"*** d`},
			{`sh -c mysql·-p'X'"Y"·d`, `sh -c mysql -p'***" d`},
			{`sh -c "mysql"·'-pX'·d`, `sh -c "mysql" '-p***' d`},
			{`sh -c ldapsearch·'-w'·"X"·-b·c`, `sh -c ldapsearch '-w' "***" -b c`},
			{`sh -c redis-server·'--masterauth=X'·-v`, `sh -c redis-server '--masterauth=***' -v`},
			{`sh -c app·'--password'·'X'`, `sh -c app '--password' ***`},
			{`sh -c app·'-uu:X'`, `sh -c app '-uu:***`},
			{`sh -c {'token':·'X'}`, `sh -c {'token': ***`},
			{`sh -c ssh·h·"mysql·-pX·d"·&&·ls`, `sh -c ssh h "mysql -p*** d" && ls`},
			{`sh -c ssh·h·"sh·-c·'mysql·\"-pX\"·d'"·-v`, `sh -c ssh h "sh -c 'mysql \"-p***\" d'" -v`},
			{`sh -c ssh·h·"mysql·-pX·/backup/mysql"`, `sh -c ssh h "mysql -p*** /backup/mysql"`},
			{`sh -c vault·login·"mysql·-pX·d"`, `sh -c vault login "***"`},
			{`sh -c vault·login·X;·mysql·-pY·d`, `sh -c vault login *** mysql -p*** d`},
			{`sh -c mysql·'-v'·d`, `sh -c mysql '-v' d`},
		}},
		{"combined short options", [][2]string{
			{`ldapsearch -xwX -b c`, `ldapsearch -xw*** -b c`},
			{`ldapsearch -LLLxw X -b c`, `ldapsearch -LLLxw *** -b c`},
			{`ldapsearch -x -Dcn=w,o=x`, `ldapsearch -x -Dcn=w,o=x`},
			{`ldappasswd -a X -s Y -w Z u`, `ldappasswd -a *** -s *** -w *** u`},
			{`ldapsearch -s sub -a never`, `ldapsearch -s sub -a never`},
			{`mysql -vvpX d`, `mysql -vvp*** d`},
			{`mysqldump -dpX shop`, `mysqldump -dp*** shop`},
			{`mysql -uapX d`, `mysql -uapX d`},
			{`mysql -eprint d`, `mysql -eprint d`},
			{`curl -sSLu u:P http://x`, `curl -sSLu u:*** http://x`},
			{`curl -sUu:P http://x`, `curl -sUu:*** http://x`},
			{`curl -oUu:x http://x`, `curl -oUu:x http://x`},
			{`zip -erP P x.zip f`, `zip -erP *** x.zip f`},
			{`unzip -oPX x.zip`, `unzip -oP*** x.zip`},
			{`ipmitool -vP P -k K -y Y power`, `ipmitool -vP *** -k *** -y *** power`},
			{`smbclient -NU u%P //h/s`, `smbclient -NU u%*** //h/s`},
		}},
		{"other options", [][2]string{
			{`curl --oauth2-bearer X http://x`, `curl --oauth2-bearer *** http://x`},
			{`curl --oauth2-bearer=X http://x`, `curl --oauth2-bearer=*** http://x`},
			{`curl --proxy-user=u:P http://x`, `curl --proxy-user=u:*** http://x`},
			{`curl --proxy-user= u:x`, `curl --proxy-user= u:x`},
			{`curl --ftp-account X ftp://h`, `curl --ftp-account *** ftp://h`},
			{`curl -u X: https://h`, `curl -u ***: https://h`},
			{`curl -x u:P@h:1 --preproxy http://u:P@h:1 x`, `curl -x u:***@h:1 --preproxy http://u:***@h:1 x`},
			{`curl -x h:3128 --socks5 h:1 x`, `curl -x h:3128 --socks5 h:1 x`},
			{`curl -E c.pem:P --proxy-cert c.pem:P x`, `curl -E c.pem:*** --proxy-cert c.pem:*** x`},
			{`curl --cert c.pem --key k.pem x`, `curl --cert c.pem --key k.pem x`},
			{`curl -b a=X --cookie b=Y x`, `curl -b a=*** --cookie b=*** x`},
			{`curl -b jar.txt -c jar.txt x`, `curl -b jar.txt -c jar.txt x`},
			{`smbpasswd -w X`, `smbpasswd -w ***`},
			{`snmpget -v3 -3m X h`, `snmpget -v3 -3m *** h`},
			{`snmpd -Lsd -c /etc/snmp/snmpd.conf`, `snmpd -Lsd -c /etc/snmp/snmpd.conf`},
			{`rar a -hpX f`, `rar a -hp*** f`},
			{`xfreerdp /u:u /gp:P /pth:H`, `xfreerdp /u:u /gp:*** /pth:***`},
			{`nmcli c add 802-1x.password P vpn.secrets X`, `nmcli c add 802-1x.password *** vpn.secrets ***`},
			{`vault login -method ldap username=u`, `vault login -method ldap username=u`},
			{`C:\mysql\mysqldump.exe -pX`, `C:\mysql\mysqldump.exe -p***`},
			{`curl http://h/openssl --proxy-user u:P`, `curl http://h/openssl --proxy-user u:***`},
		}},
		{"names of programs as values", [][2]string{
			{`mysql -h net -pX d`, `mysql -h net -p*** d`},
			{`curl -o zip -U u:P x`, `curl -o zip -U u:*** x`},
			{`sudo -u mysql sshpass -p X ssh -p 22 h`, `sudo -u mysql sshpass -p *** ssh -p 22 h`},
			{`sh -c mysql·-h·zip·d·|·tar·-pxf·x`, `sh -c mysql -h zip d | tar -pxf x`},
		}},
		{"URLs", [][2]string{
			{`git clone https://ghp12@h/x`, `git clone https://***@h/x`},
			{`pip git+https://ghp12@h/x`, `pip git+https://***@h/x`},
			{`app wss://ghp12@h`, `app wss://***@h`},
			{`git clone git://ghp12@h/x`, `git clone git://***@h/x`},
			{`git clone https://ghp12:x-oauth-basic@h/x`, `git clone https://***:***@h/x`},
			{`git clone https://ghp12:@h/x`, `git clone https://***:@h/x`},
			{`git clone git+ssh://git@h/x`, `git clone git+ssh://git@h/x`},
			{`curl ftp://anonymous@h/x`, `curl ftp://anonymous@h/x`},
			{`psql postgres://reader@h/d`, `psql postgres://reader@h/d`},
			{`get https://h/@me?to=a@b.c`, `get https://h/@me?to=a@b.c`},
			{`get https://h?to=a@b.c`, `get https://h?to=a@b.c`},
		}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			for _, line := range kind.lines {
				if got := defaults.Text(argumentsOf(line[0])); got != line[1] {
					t.Errorf("%s:\n got %s\nwant %s", line[0], got, line[1])
				}
			}
		})
	}
}
