/**
 * Passwords and keys on a command line: the flags of the programs that take one, and what is piped into them.
 * Promises: a flag counts for the programs that give it this meaning alone (`mysql -px`, `mkdir -p x`); each piece of a
 * command is gone through once. Sources: the manual pages of the programs named.
 */
import { BARE, QUOTED } from './carriers.ts';
import { carried, type Judge, type SecretRule, within } from './rules.ts';
import { isGiven, isNamed, isPassword, isPlaceholder, looksRandom, looksSecret } from './values.ts';

/** To the end of the command, no further than a long one goes; what is in quotes may hold a sign that ends one. */
const REST = String.raw`(?:"[^"\n\0]{0,1000}"|'[^'\n\0]{0,1000}'|[^\n\0|;"']){0,600}`;
/** A word of the shell. */
const WORD = String.raw`(?:\\?"([^"\n\0]{1,512})(?=\\?")|\\?'([^'\n\0]{1,512})(?=\\?')|([^\s"'\0|;<>]{2,4096}))`;

const given: Judge = (value) =>
  !isPlaceholder(value) && !/^[-/]/.test(value) && !/^(?:\d{1,5}(?::\d{1,5})?)$/.test(value);
const glued: Judge = (value, place) =>
  given(value, place) && !/^(?:assword|ort|rotocol|ath|ager|ipe)/.test(value);

/** Programs, and the flags behind which their secret stands; of `also` one has to be in the text. */
function flag(programs: string, flags: string, judge: Judge = given, also = ''): SecretRule {
  const names = programs.replaceAll(' ', '|');
  const region = new RegExp(`(?<![A-Za-z0-9.-])(?:${names})(?:\\.exe)?\\s${REST}`, 'g');
  const hints = programs
    .toLowerCase()
    .replaceAll('\\.', '.')
    .replace(/\\[a-z.]|\[.*?\]|[?*+\\]/g, '')
    .split(/[ |()]/)
    .filter((word) => word !== '')
    .map((word) => `^${word}$`)
    .join(' ');
  return within(
    'password',
    also === '' ? hints : `${hints} & ${also}`,
    region,
    new RegExp(`(?<=\\s)(?:${flags})${WORD}`, 'g'),
    judge,
  );
}

/** Where what is piped or handed in is the secret. */
const READERS = String.raw`(?:sudo(?:\s+-\S+){0,4}\s+-\w*S|[^\n\0|]{0,200}?(?:--password-stdin|--with-token|--passphrase-fd|--stdin\b|--pass-stdin|--token-stdin|--pinentry-mode|password-stdin|-passin stdin|pass:?stdin)|(?:sudo\s+)?(?:passwd|chpasswd|kinit|cryptsetup|smbpasswd|su\s|vncpasswd|gh auth login|glab auth login|gh secret set|glab variable set|wrangler secret put|vercel env add|firebase functions:secrets:set|gcloud secrets|docker secret create|podman secret create|kubeseal|fly secrets import|op item|pass insert|secret-tool store|htpasswd -\w*i|ecryptfs|gocryptfs|restic|borg|age\s|gpg\s|ssh-add|vault login|snyk auth|netlify login|npm login|openssl passwd))`;

export const COMMAND_RULES: readonly SecretRule[] = [
  flag(
    'mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mysqlslap mysqlpump mysqlbinlog mysqlsh mariadb mariadb-dump mariadb-admin mycli',
    '-p',
    glued,
  ),
  flag('sshpass', '-p ?'),
  flag(
    'redis-cli keydb-cli valkey-cli dragonfly',
    String.raw`-a |--pass[ =]|(?:auth|AUTH)\s(?:\w{1,30}\s(?=\S{4}))?`,
  ),
  flag('redis-benchmark iredis', '-a '),
  carried(
    'password',
    'AUTH',
    new RegExp(String.raw`(?<=^|[\s>"'\x60(/])AUTH\s(?:default\s)?${WORD}`, 'g'),
    (value, place) => /\d/.test(value) && isPassword(value, place),
  ),
  flag('ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldapmodrdn ldapcompare ldapexop', '-w ?'),
  flag('ldappasswd', '-[was] ?'),
  flag('unzip zip zipcloak zipinfo fcrackzip', '-P ?|--password[ =]'),
  flag('7z 7za 7zr 7zz 7zzs unrar rar', '-h?p', glued),
  within(
    'password',
    'openssl',
    new RegExp(String.raw`(?<![A-Za-z0-9])openssl\s${REST}`, 'g'),
    new RegExp(
      String.raw`(?:(?<=[\s"'=])pass:|\s-(?:k|K|passwd|password|hmac|macopt (?:hex)?key:|macopt (?:hex)?key=)\s)${WORD}`,
      'g',
    ),
    given,
  ),
  carried('password', 'pass:', /(?<=[\s"'=])pass:([^\s"'`\\\0|;<>]{4,512})/g, isPassword),
  flag(
    'docker podman nerdctl helm skopeo buildah crane oras regctl az acr',
    String.raw`-p |--password[ =]|--creds[ =][^\s:]{1,64}:`,
    (value, place) =>
      given(value, place) &&
      !/^[\d.:-]+(?:\/\w+)?$/.test(value) &&
      (looksSecret(value) || /--|login/.test(place.lead)),
    '-p# --password --creds',
  ),
  within(
    'password',
    'login',
    /\b(?:docker|podman|nerdctl|helm|skopeo|az|oc|cf|ibmcloud|expo|eas|firebase|kubelogin|argocd|rancher|tower-cli|awx|gcloud|npm|heroku)\b[^\n\0|;]{0,60}\blogin\b[^\n\0|;]{0,400}/g,
    new RegExp(String.raw`(?<=\s)(?:-p ?|-t |-k |--\w*(?:pass(?:word)?|token|key)[ =])${WORD}`, 'g'),
    given,
  ),
  carried(
    'token',
    'vault#login vault#token vault#unseal vault#operator bao#login wandb#login snyk#auth ngrok# doctl#auth sentry-cli#login nomad#acl consul#login tailscale#up zerotier-cli modal#token stripe#login railway#login codecov# coveralls# twine#upload hub#ci cargo#login gem#push nuget# flyctl#auth netlify# hcloud# pulumi#login datadog-ci ^surge# vsce# ovsx# expo#login rclone# steamcmd nordvpn wpa_passphrase rabbitmqctl neo4j-admin clickhouse-client influx# gh#auth minisign pass#insert cmdkey net#user op#signin',
    new RegExp(
      String.raw`\b(?:vault (?:login|token lookup|token renew|unseal|operator unseal)|bao login|wandb login|snyk auth|ngrok (?:config add-)?authtoken|ngrok config add-authtoken|doctl auth init -t|sentry-cli login --auth-token|nomad acl bootstrap|consul login|tailscale up --auth-?key|zerotier-cli join|modal token set --token-id \S{1,80} --token-secret|stripe login --api-key|railway login|codecov -t|coveralls -t|twine upload -p|hub ci|cargo login|gem push --key|nuget setapikey|dotnet nuget push \S{1,200} -k|flyctl auth token|netlify --auth|hcloud context create|pulumi login|datadog-ci|surge --token|vsce (?:login|publish) -p|ovsx publish -p|expo login -p|npx vsce publish -p|rclone obscure|steamcmd \+login \S{1,64}|nordvpn login --token|wpa_passphrase \S{1,64}|rabbitmqctl (?:add_user|change_password) \S{1,64}|neo4j-admin (?:dbms )?set-initial-password|clickhouse-client --password|influx -password|gh auth login --with-token <<<|minisign -W|pass insert|cmdkey \S{0,200}\/pass:|net user \S{1,64}|op signin --session)[ =]${WORD}`,
      'g',
    ),
    (value, place) =>
      (given(value, place) && value.length >= 4 && !/^[a-z]+$/.test(value)) || isPassword(value, place),
  ),
  within(
    'password',
    '^vault ^bao & put patch write',
    /\b(?:vault|bao) (?:kv )?(?:put|patch|write)\s[^\n\0|;]{1,600}/g,
    new RegExp(String.raw`\s[\w.-]{1,60}=${WORD}`, 'g'),
    (value, place) =>
      given(value, place) &&
      value.length >= 6 &&
      !value.startsWith('@') &&
      !/\s(?:ttl|policies|policy|type|path|description|max_ttl|period)=/.test(place.lead),
  ),
  flag('psql sqlcmd bcp osql isql isqlw tsql usql', '-P ?'),
  flag(
    'mongo mongosh mongodump mongorestore mongoimport mongoexport mongostat cqlsh cypher-shell arangosh influx couchbase-cli cbq rabbitmqadmin mosquitto_pub mosquitto_sub kcadm\\.sh kcadm snowsql trino vertica vsql ipmitool smbmap evil-winrm crackmapexec nxc netexec psexec\\.py psexec xfreerdp rdesktop twine vsce ovsx cf oc bw expo eas ansible-vault keytool jarsigner',
    String.raw`-[pPw] ?|--?pass(?:word|wd)?[ =]|--?u?p(?:ass)?w(?:or)?d?[ =]|/p:|-storepass\s|-keypass\s|-srcstorepass\s|-deststorepass\s`,
    (value, place) =>
      glued(value, place) && !/^\d+$/.test(value) && !/^(?:lay|laybook|ush|ull|ublish|rod)/.test(value),
  ),
  carried(
    'password',
    '^sqlplus ^sqlldr ^expdp ^impdp ^rman ^exp$ ^imp$',
    /\b(?:sqlplus|sqlldr|expdp|impdp|rman target|exp|imp)\s(?:-\w\s){0,3}["']?\w{1,64}\/([^\s@"'/\0]{3,256})(?=["']?(?:@|\s|$))/g,
    given,
  ),
  flag('htpasswd htdigest', String.raw`-\w*b\w*\s\S{1,300}\s\S{1,64}\s|-nb\w*\s\S{1,64}\s`),
  flag(
    'smbclient rpcclient smbget smbcacls net mount\\.cifs nmblookup wmic winexe',
    String.raw`-U ?["']?[^\s%"']{1,128}%|--user=[^\s%]{1,128}%|/user:\S{1,128}\s`,
  ),
  flag(
    'curl http https xh wget aria2c axel httpie',
    String.raw`(?:-u ?|-U ?|-a ?|--user[ =]|--proxy-user[ =]|--auth[ =])\\?["']?[^\s:"'/]{0,128}:`,
    (value) => !isPlaceholder(value),
  ),
  carried(
    'password',
    '-u# -u= -user --auth --creds',
    /(?<=\s)(?:-u|--user|--auth|--creds|--proxy-user)[ =]\\?["']?[\w.@+-]{1,64}:([^\s"'\0:/]{4,256})(?=["'\s]|\\|$)/g,
    (value, place) => given(value, place) && (looksSecret(value) || isGiven(value, place)),
  ),
  flag('lftp ncftp ftp ncftpput ncftpget', String.raw`-u ?[^\s,]{1,64},|-p `, given),
  flag(
    'snmpwalk snmpget snmpset snmpbulkwalk',
    '-[AXc] ?',
    (value, place) => given(value, place) && !/^(?:public|private|SHA|AES|MD5|DES)/.test(value),
  ),
  flag('useradd usermod adduser', '-p ?', (value) => /^\$|\d/.test(value)),
  flag('nmcli', String.raw`password\s|psk\s|wifi-sec\.psk\s`),
  flag(
    'steghide outguess pdftk qpdf pdfcrack',
    String.raw`-p |(?:user|owner|input)_pw\s(?!PROMPT)|--password=`,
  ),
  flag(
    'gpg gpg2 gpgsm restic borg rclone age 7z wp drush aws gcloud terraform ansible ansible-playbook kubectl helm npm yarn pnpm pip poetry uv dotnet nuget cargo mvn gradle',
    String.raw`--?\w*-?(?:passphrase|pass|password)[ =]|--\w*(?:token|secret|api-?key)[ =]|-P\w{0,40}(?:[Pp]assword|[Tt]oken|[Ss]ecret)=`,
    (value, place) =>
      given(value, place) &&
      (looksSecret(value) || isPassword(value, place)) &&
      !/-file|^https?:/.test(place.lead),
    'pass token secret api-key apikey',
  ),
  flag('mc s3cmd', String.raw`alias set \S{1,64} \S{1,200} \S{1,128} |--secret_key[ =]`),
  within(
    'secret',
    'kubectl#create#secret kubectl#set#env secret#set config:set secrets#set railway#variables vercel#env env:set secret:create env#set wrangler#secret',
    /\b(?:kubectl create secret|kubectl set env|gh secret set|heroku config:set|fly(?:ctl)? secrets set|railway variables|vercel env|netlify env:set|dokku config:set|eas secret:create|supabase secrets set|doppler secrets set|infisical secrets set|convex env set|wrangler secret)\b[^\n\0|;]{1,1000}/g,
    new RegExp(
      String.raw`(?:--from-literal[= ]["']?[\w.-]{1,100}=|(?<=\s)(?:-b|--body|--value|--docker-password)[ =]|(?<=\s)[A-Za-z]\w{0,60}=)${WORD}`,
      'g',
    ),
    (value, place) =>
      given(value, place) &&
      value.length >= 4 &&
      (/literal|body|-b|value|password/.test(place.lead) || looksSecret(value)),
  ),
  carried(
    'secret',
    'configure#set config#set config:set config#--global config#add set-env setx',
    new RegExp(
      String.raw`\b(?:configure set|config set|config:set|config --global|config add|set-env|setx)\s(?:\S{1,40}\s){0,2}["']?\S{0,120}(?:key|secret|token|password|passwd|_auth|authToken)["']?[ =]${WORD}`,
      'gi',
    ),
    (value, place) =>
      given(value, place) && (looksSecret(value) || looksRandom(value) || isPassword(value, place)),
  ),
  // What is piped or handed in
  carried(
    'password',
    '^echo ^printf & sudo stdin with-token passphrase-fd pinentry-mode passwd pass#insert kinit cryptsetup ^su$ gh#auth glab#auth secret#set variable#set wrangler#secret vercel#env secrets:set gcloud#secrets secret#create kubeseal secrets#import op#item secret-tool ecryptfs gocryptfs restic borg ^age$ gpg ssh-add vault#login snyk#auth netlify#login npm#login',
    new RegExp(
      String.raw`\b(?:echo|printf)\s+(?:-[neE]+\s+)*(?:["']?%s(?:\\n)?["']?\s+)?(?:"([^"\n\0]{3,512})(?="\s{0,3}\|\s{0,3}${READERS})|'([^'\n\0]{3,512})(?='\s{0,3}\|\s{0,3}${READERS})|([^\s"'|\0]{3,512})(?=\s{0,3}\|\s{0,3}${READERS}))`,
      'g',
    ),
    (value) => !isPlaceholder(value),
  ),
  carried(
    'password',
    '<<<',
    new RegExp(
      String.raw`(?:sudo\b[^\n\0|;]{0,60}\s-\w*S|--password-stdin|--with-token|passwd|login|kinit|cryptsetup|openssl|gpg|smbpasswd|secret set|--stdin|--passphrase-fd \d)[^\n\0|;<]{0,200}<<<\s?${WORD}`,
      'g',
    ),
    (value) => !isPlaceholder(value),
  ),
  flag('ssh-keygen puttygen', '-[NP] ?', (value, place) => given(value, place) && !/^$/.test(value)),
  flag('oathtool', String.raw`-b ?|--base32[ =]|--totp(?:=\w+)?\s(?!-)`, (value) =>
    /^[A-Z2-7=]{16,}$/i.test(value),
  ),
  carried('password', 'net#use', /\bnet use \S{1,16} \S{1,200} ([^\s"'/\0]{4,256})(?=\s+\/user)/gi, given),
  carried(
    'password',
    'pass-command password-command passphrase-command',
    /--pass(?:word|phrase)?-command[ =]["']?(?:echo|printf) ["']?([^\s"'\0]{4,256})/g,
    given,
  ),
  carried(
    'private key',
    'private-key preshared-key',
    /(?:private|preshared)-key <\(echo ["']?([A-Za-z0-9+/]{43}=)/g,
    given,
  ),
  carried(
    'token',
    '_token _secret _key _password',
    /(?<=[a-z])_(?:token|secret|access_key|api_key|password)[ \t]{1,3}["']?([\w+/=.~-]{16,512})/g,
    (value) => looksRandom(value) && !isPlaceholder(value) && !/^[0-9a-f]+$/.test(value),
  ),
  carried(
    'password',
    'send',
    /\bsend(?:_user)?\s(?:--\s)?\\?["']([^"'\n\0\\$]{4,256})(?=\\+[rn])/g,
    (value, place) => !/\s/.test(value) && (isNamed(value, place) || isPassword(value, place)),
  ),
  // A flag that says itself what it takes, whatever the program
  carried(
    'password',
    'pass pwd pw & -',
    new RegExp(
      String.raw`(?<=^|[\s"'\x60(_/])--?(?:[\w.]{1,30}[-_.])?(?:[a-z]{0,20}pass(?:word|wd|phrase|code)?|pwd|pw)(?:=|\s{1,2})(?:${QUOTED}|${BARE})`,
      'gi',
    ),
    (value, place) =>
      given(value, place) &&
      !/^-/.test(value) &&
      (looksSecret(value) || /["'=]/.test(place.before) ? isGiven(value, place) : isPassword(value, place)),
  ),
  carried(
    'token',
    '-- & token secret key pat bearer credential auth seed mnemonic session cookie jwt otp pin',
    new RegExp(
      String.raw`(?<=^|[\s"'\x60(_/])--(?:[\w.]{1,30}[-_.])?(?:[a-z]{0,12}token|secret|[a-z-]{0,20}secret(?:-key)?|(?:api|access|auth|account|private|service|encryption|master|client|license|admin|sas|deploy)[-_]?(?:key|token|secret)|key|apikey|pat|bearer|credential|auth|authkey|auth-key|seed|mnemonic|session|cookie|jwt|otp|pin)(?:=|\s{1,2})(?:${QUOTED}|${BARE})`,
      'gi',
    ),
    (value, place) => !/^-/.test(value) && (isNamed(value, place) || looksRandom(value)),
  ),
  // Short flags that many programs use so, and a value that nobody types
  carried(
    'token',
    '-p# -t# -k# -s# -w#',
    /(?<=^|\s)-[pPtkKsw] \\?["']?([A-Za-z0-9_!@#%^*+=~.-]{16,256})(?=["'\s]|\\|$)/g,
    (value, place) => given(value, place) && looksRandom(value) && isNamed(value, place),
  ),
];
