/** Secrets that somebody tells in a sentence, in the languages that people write to agents in. */
import { type Kind, kind } from './kind.ts';
import { type Maker, URLSAFE } from './make.ts';

const letters = (maker: Maker) => maker.letters();
const long = (maker: Maker) => maker.chars(32);
const carriers = (name: string, ...texts: string[]): Kind =>
  kind(name, (maker) => maker.password(), ...texts);

export const SENTENCES: readonly Kind[] = [
  carriers(
    'English',
    'the password is {}',
    'the password for the admin account is {}.',
    'my password: {}',
    'the password is now {}',
    'password changed to {}',
    'login with bob and password {}',
    'the root password was `{}`',
  ),
  kind('English, letters', letters, 'the password is {}', 'the password is "{}"'),
  kind(
    'English, keys',
    long,
    'the api key is {}',
    'token: {}',
    'our secret key is `{}`',
    'the access token for staging is {}',
  ),
  carriers('German', 'das Passwort ist {}', 'Passwort: {}', 'das Kennwort lautet {}'),
  carriers('French', 'le mot de passe est {}', 'mot de passe : {}'),
  carriers('Spanish', 'la contraseña es {}', 'contraseña: {}', 'la clave es {}'),
  carriers('Portuguese', 'a senha é {}', 'senha: {}'),
  carriers('Italian', 'la password è {}', 'la parola d’ordine: {}'.replace('parola d’ordine', 'password')),
  carriers('Dutch', 'het wachtwoord is {}', 'wachtwoord: {}'),
  carriers('Polish', 'hasło to {}', 'hasło: {}'),
  carriers('Russian', 'пароль: {}', 'пароль от базы — {}', 'пароль {}'),
  carriers('Chinese', '密码是 {}', '密码:{}', '数据库密码是{}', '密码：={}', '密码=:{}'),
  carriers('Japanese', 'パスワードは {} です', 'パスワード: {}'),
  carriers('Korean', '비밀번호는 {} 입니다', '비밀번호: {}', '암호: ={}'),
  carriers('Swedish and Czech', 'lösenordet är {}', 'heslo je {}', 'heslo: {}'),
  carriers('Turkish', 'şifre: {}', 'şifresi {}'),
  kind(
    'generic',
    (maker) => maker.chars(40, URLSAFE),
    'auth_token = "{}"',
    'ACCESS_TOKEN={}',
    'client_secret: {}',
    'apikey={}',
  ),
];
