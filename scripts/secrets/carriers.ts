/** What carries a password or a key without a form: names, flags, headers, files. */
import { type Kind, kind } from './kind.ts';
import { BASE32, BASE64, HEX, type Maker } from './make.ts';
import { SENTENCES } from './sentences.ts';
import { WORDS } from './words.ts';

const password = (maker: Maker) => maker.password();
const letters = (maker: Maker) => maker.letters();
const long = (maker: Maker) => maker.chars(32);
/** One kind a carrier, with passwords of each sort. */
const carriers = (name: string, ...texts: string[]): Kind => kind(name, password, ...texts);
const begin = (what: string) => `-----BEGIN ${what}PRIV${'ATE KEY'}-----`;
const end = (what: string) => `-----END ${what}PRIV${'ATE KEY'}-----`;
const firstLine = (value: string) => value.split('\n')[1]?.slice(0, 40) ?? value;

const SETTINGS: readonly Kind[] = [
  carriers(
    'environment',
    'DB_PASS={}',
    'REDIS_PASSWORD={}',
    'export MYSQL_PWD={}',
    'POSTGRES_PASSWORD="{}"',
    "FTP_PASS='{}'",
    'PASS={}',
    'MAIL_PASSWORD={}',
  ),
  kind(
    'environment, letters',
    letters,
    'DB_PASSWORD={}',
    'ADMIN_PASS={}',
    'SMTP_PASSWORD="{}"',
    'SSHPASS={}',
  ),
  kind(
    'environment, keys',
    (maker) => maker.chars(32, HEX),
    'RAILS_MASTER_KEY={}',
    'SIGNING_KEY={}',
    'APP_SECRET={}',
    'NEXTAUTH_SECRET={}',
    'COOKIE_SECRET="{}"',
    'HMAC_KEY={}',
    'WEBHOOK_SECRET={}',
  ),
  kind('Laravel key', (maker) => `${maker.chars(43, BASE64)}=`, 'APP_KEY=base64:{}'),
  kind(
    'Django key',
    (maker) => maker.chars(50, 'abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*-_=+'),
    "SECRET_KEY = '{}'",
  ),
  carriers(
    'JSON',
    '{"password": "{}"}',
    '"dbPassword":"{}"',
    '{\\"password\\":\\"{}\\"}',
    '"smtp_pass": "{}",',
  ),
  kind('JSON, letters', letters, '{"password": "{}"}', '"secret": "{}"'),
  carriers(
    'YAML',
    'database:\n  user: app\n  password: {}\n',
    'password: "{}"',
    'ansible_become_pass: {}',
    'smtp:\n  user: bob\n  pass: {}',
    'login: bob@x.org, pass: {}',
    'MasterUserPassword: {}',
  ),
  carriers(
    'pass alone',
    'db pass: {}',
    'smtp:\n  host: h\n  pass: {}',
    '- pass: {}',
    'wifi pass: {}',
    'login bob, pass: {}',
    'host=db1 user=bob pass: {}',
    'PASS: {}',
    'Pass: {}',
  ),
  kind(
    'words, cut',
    (maker) => `${maker.letters()}-${maker.letters()}`,
    'PASSWORD={}…',
    'DB_PASS={}…',
    'sshpass -p {}… ssh a',
    'PASSWORD="{}…"',
    'mysql -u root -p{}…',
  ),
  kind('YAML, letters', letters, 'database:\n  password: {}\n  host: db'),
  carriers('TOML and INI', 'password = "{}"', '[smtp]\npassword={}', 'pass = {}'),
  carriers('properties', 'spring.datasource.password={}', 'jdbc.password: {}', 'signing.password={}'),
  kind('properties, letters', letters, 'spring.datasource.password={}'),
  carriers('gradle', "storePassword '{}'", 'keyPassword = "{}"'),
  carriers(
    'XML',
    '<password>{}</password>',
    '<property name="password" value="{}"/>',
    '<entry key="db.password">{}</entry>',
    '<add name="Main" connectionString="Server=a;Database=b;User Id=sa;Password={};" />',
  ),
  carriers('PHP', "define('FTP_PASS', '{}');", "'password' => '{}',", "$db_password = '{}';"),
  carriers(
    'Terraform',
    'master_password = "{}"',
    'variable "db_password" {\n  type = string\n  default = "{}"\n}',
    'TF_VAR_admin_password={}',
  ),
  carriers(
    'code',
    'const password = "{}";',
    "password: '{}',",
    'var dbPassword = "{}"',
    'String password = "{}";',
    "conn = connect(user='x', password='{}')",
  ),
  kind(
    'code, keys',
    long,
    'const apiKey = "{}";',
    "client = Client(api_key='{}')",
    'headers["X-Api-Key"] = "{}"',
    'private static final String SECRET = "{}";',
  ),
  carriers(
    'Kubernetes',
    'kind: Secret\nmetadata:\n  name: db\nstringData:\n  url: {}',
    'kubectl create secret generic a --from-literal=user={}',
  ),
  kind(
    'kubeconfig',
    (maker) => maker.base64(`${begin('RSA ')}\n${maker.chars(64, BASE64)}`),
    'client-key-data: {}',
  ),
  kind('kubeconfig token', (maker) => maker.chars(60), 'users:\n- name: a\n  user:\n    token: {}'),
  carriers('netrc', 'machine api.example.com login bob password {}', 'machine a\n  login b\n  password {}'),
  carriers('pgpass', '10.0.0.5:5432:shop:app:{}', '*:*:*:postgres:{}'),
  kind(
    'docker auth',
    (maker) => maker.base64(`bob:${maker.password()}`),
    '{"auths":{"ghcr.io":{"auth":"{}"}}}',
  ),
  carriers(
    'git credentials',
    'https://bob:{}@github.com',
    'git clone https://bob:{}@git.example.com/a/b.git',
  ),
  carriers('pypirc', '[pypi]\nusername = bob\npassword = {}'),
  carriers('redis.conf', 'requirepass {}'),
  carriers(
    'wifi',
    'network={\n ssid="a"\n psk="{}"\n}',
    'wpa_passphrase={}',
    'nmcli dev wifi connect home password {}',
  ),
  carriers(
    'SQL',
    "CREATE USER bob WITH PASSWORD '{}';",
    "ALTER USER 'root'@'localhost' IDENTIFIED BY '{}';",
    "CREATE ROLE app LOGIN PASSWORD '{}'",
  ),
  kind(
    'shadow',
    (maker) => `$6$${maker.chars(16)}$${maker.chars(86, `${BASE64}`.replace('+', '.'))}`,
    'root:{}:19000:0:99999:7:::',
  ),
  kind('htpasswd', (maker) => `$apr1$${maker.chars(8)}$${maker.chars(22)}`, 'bob:{}'),
  kind('bcrypt', (maker) => `$2b$12$${maker.chars(53)}`, 'hash {} in the dump'),
  kind(
    'ansible-vault',
    (maker) => `${maker.chars(80, HEX)}\n${maker.chars(80, HEX)}`,
    '$ANSIBLE_VAULT;1.1;AES256\n{}',
  ),
  kind('WireGuard', (maker) => `${maker.chars(42, BASE64)}E=`, '[Interface]\nPrivateKey = {}'),
];

const COMMANDS: readonly Kind[] = [
  carriers(
    'mysql',
    'mysql -h db -u root -p{} shop',
    'mysqldump --password={} shop',
    "mysqladmin -uroot -p'{}' status",
  ),
  carriers('sshpass', 'sshpass -p {} ssh root@host', "sshpass -p '{}' scp a b:"),
  carriers('redis-cli', 'redis-cli -h r -a {} get x', 'redis-cli --pass {}'),
  carriers('LDAP', 'ldapsearch -x -D cn=admin -w {} -b dc=a', 'ldappasswd -w {} -x'),
  carriers('archives', 'unzip -P {} a.zip', 'zip -P {} a.zip b', '7z x -p{} a.7z', 'unrar x -p{} a.rar'),
  carriers(
    'openssl',
    'openssl enc -aes-256-cbc -pass pass:{} -in a',
    'openssl pkcs12 -passin pass:{} -in a',
    'openssl enc -k {} -in a',
  ),
  carriers('sudo', 'echo {} | sudo -S apt update', "echo '{}' | sudo -S ls", 'sudo -S ls <<< "{}"'),
  carriers(
    'docker login',
    'echo {} | docker login -u bob --password-stdin',
    'docker login -u bob -p {} ghcr.io',
    'podman login --username a --password {}',
  ),
  kind('vault', long, 'vault login {}', 'vault kv put secret/app password={}'),
  carriers(
    'curl',
    'curl -u bob:{} https://a',
    "curl --user 'bob:{}' https://a",
    'wget --http-password={} https://a',
  ),
  kind(
    'curl cookie',
    (maker) => maker.chars(32),
    'curl -b "sid={}" https://a',
    "curl --cookie 'session={}' https://a",
  ),
  kind(
    'headers',
    long,
    'curl -H "X-Api-Key: {}" https://a',
    "-H 'Authorization: token {}'",
    'PRIVATE-TOKEN: {}',
    'Authorization: Bearer {}',
    '"Authorization": "ApiKey {}"',
  ),
  kind(
    'Basic',
    (maker) => maker.base64(`bob:${maker.password()}`),
    'Authorization: Basic {}',
    'git -c http.extraheader="AUTHORIZATION: basic {}" fetch',
  ),
  kind(
    'cookies',
    (maker) => maker.chars(32),
    'Cookie: PHPSESSID={}',
    'Set-Cookie: auth_token={}; Path=/; HttpOnly',
    'Cookie: a=b; connect.sid={}',
  ),
  carriers(
    'other programs',
    'psql "host=a password={}"',
    'PGPASSWORD={} psql',
    'sqlcmd -S a -U sa -P {}',
    'mongosh -u a -p {}',
    'htpasswd -bc f bob {}',
    'smbclient //a/b -U bob%{}',
    'gpg --batch --passphrase {} -c a',
    'keytool -storepass {} -list',
    'ansible-playbook -e "ansible_password={}" a.yml',
    'az login -u a -p {}',
    'helm upgrade a b --set auth.password={}',
    'echo "root:{}" | chpasswd',
    'xfreerdp /u:a /p:{} /v:b',
    'ipmitool -H a -U b -P {} sol',
    'sqlplus scott/{}@db',
    'mosquitto_pub -u a -P {} -t b',
    'rabbitmqctl add_user a {}',
  ),
  kind(
    'other programs, tokens',
    long,
    'gh secret set A --body {}',
    'npm config set //r/:_authToken {}',
    'snyk auth {}',
    'ngrok config add-authtoken {}',
    'wandb login {}',
    'heroku config:set API_TOKEN={}',
    'tool --api-key {}',
    'tool --token={}',
    'tool --client-secret {}',
  ),
  carriers('flags', 'tool --password {}', 'tool --password={} x', 'tool --db-pass {}', 'tool -passwd {}'),
  kind(
    'flags, letters',
    letters,
    'tool --password {}',
    'mysql -u root -p{} shop',
    'sshpass -p {} ssh a',
    'redis-cli -a {}',
  ),
];

const ADDRESSES: readonly Kind[] = [
  carriers(
    'addresses',
    'mysql://root:{}@db:3306/shop',
    'mongodb+srv://app:{}@cluster0.a.mongodb.net/x',
    'redis://:{}@cache:6379/0',
    'smtp://a%40b.c:{}@mail:587',
    'amqps://u:{}@mq',
    'ftp://u:{}@h/x',
  ),
  kind('addresses, letters', letters, 'postgres://app:{}@db/x', 'redis://:{}@cache:6379'),
  carriers(
    'connection strings',
    'Server=tcp:a,1433;User ID=sa;Password={};Encrypt=true;',
    'Driver={ODBC};Uid=a;Pwd={};',
    'jdbc:postgresql://h/d?user=u&password={}',
  ),
  kind(
    'queries',
    long,
    'https://a.example.com/x?api_key={}',
    'https://a/x?access_token={}&b=1',
    'https://a/reset?token={}',
  ),
  kind(
    'OAuth body',
    long,
    'grant_type=client_credentials&client_id=a&client_secret={}',
    'refresh_token={}&grant_type=refresh_token',
  ),
];

const KEYS: readonly Kind[] = [
  {
    ...kind('PEM', (maker) => `${begin('RSA ')}\n${maker.material('MIIEpAIBAAKCAQEA')}\n${end('RSA ')}`),
    core: firstLine,
  },
  {
    ...kind(
      'PEM without an end',
      (maker) => `${begin('')}\n${maker.material('MIIEvQIBADANBgkqhkiG9w0BAQEFAASC')}`,
      '{}\n(cut) replace your key',
    ),
    core: (value) => value.slice(-60),
  },
  {
    ...kind(
      'PEM in JSON',
      (maker) =>
        `${begin('')}\\n${maker.material('MIIEvQIBADANBgkqhkiG9w0BAQEFAASC').replaceAll('\n', '\\n')}\\n${end('')}\\n`,
      '"private_key": "{}"',
    ),
    core: (value) => value.slice(60, 100),
  },
  {
    ...kind(
      'PEM without a beginning',
      (maker) =>
        `${maker.chars(64, BASE64)}\n${maker.chars(64, BASE64)}\n${maker.chars(30, BASE64)}==\n${end('EC ')}`,
    ),
    core: (value) => value.slice(0, 40),
  },
  {
    ...kind(
      'OpenSSH',
      (maker) =>
        `${begin('OPENSSH ')}\nb3BlbnNzaC1rZXktdjEAAAAA${maker.chars(46, BASE64)}\n${maker.chars(70, BASE64)}\n${end('OPENSSH ')}`,
    ),
    core: firstLine,
  },
  kind(
    'key without a header',
    (maker) => `MIIEpAIBAAKCAQEA${maker.chars(48, BASE64)}\n${maker.chars(64, BASE64)}`,
    'the key: {}',
  ),
  kind('EC without a header', (maker) => `MHcCAQEEI${maker.chars(80, BASE64)}`),
  kind('OpenSSH without a header', (maker) => `b3BlbnNzaC1rZXktdjEAAAAA${maker.chars(60, BASE64)}`),
  kind(
    'PuTTY',
    (maker) => maker.chars(48, BASE64),
    'PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 14\n{}\nPrivate-MAC: aa',
  ),
  {
    ...kind(
      'OpenVPN',
      (maker) =>
        `-----BEGIN OpenVPN Static ${'key V1'}-----\n${maker.chars(32, HEX)}\n${maker.chars(32, HEX)}\n-----END OpenVPN Static key V1-----`,
    ),
    core: firstLine,
  },
];

const DRESS: readonly Kind[] = [
  kind('base64 of a token', (maker) => maker.base64(`GITHUB_TOKEN=gh${'p_'}${maker.chars(36)}`)),
  kind('base64 of a key', (maker) => maker.base64(`${begin('EC ')}\n${maker.chars(64, BASE64)}`)),
  kind('base64 of an address', (maker) => maker.base64(`postgres://app:${maker.password()}@db.internal/app`)),
  kind('broken over lines', (maker) => `gh${'p_'}${maker.chars(18)}\n${maker.chars(18)}`, 'token: {}'),
  kind('mnemonic', (maker) => maker.words(WORDS, 12), '{}', 'seed phrase: {}'),
  kind('mnemonic of 24', (maker) => maker.words(WORDS, 24), 'wallet words are {}'),
  kind(
    'TOTP',
    (maker) => maker.chars(32, BASE32),
    'otpauth://totp/a:b?secret={}&issuer=a',
    'totp secret: {}',
    'MFA seed is {}',
  ),
  kind(
    'private key in hex',
    (maker) => `0x${maker.chars(64, HEX)}`,
    'PRIVATE_KEY={}',
    'cast send --private-key {}',
    'const privateKey = "{}"',
  ),
  kind(
    'recovery codes',
    (maker) => `${maker.chars(5, HEX)}-${maker.chars(4, HEX)}1`,
    'recovery codes: {}',
    'backup code {}',
  ),
  kind('JWT', (maker) => maker.jwt(), '{}', 'jwt={}', 'id_token: {}'),
];

export const CARRIERS: ReadonlyMap<string, readonly Kind[]> = new Map([
  ['names and files of settings', SETTINGS],
  ['command lines, headers', COMMANDS],
  ['addresses, connection strings, queries', ADDRESSES],
  ['private keys, whole and cut', KEYS],
  ['encoded, broken, words, one-time codes', DRESS],
  ['sentences in 14 languages', SENTENCES],
]);
