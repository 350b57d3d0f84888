/**
 * Passwords that many people use, of the lengths that this site allows, from published lists. They are the first that an
 * attacker tries.
 */
const COMMON = new Set(
  `
  00000000 000000000 0000000000 01234567 012345678 0123456789 11111111 111111111 1111111111 11223344 112233445566
  12121212 123123123 12341234 12344321 12345678 123456789 1234567890 12345678910 1234567891 123456789a 123456789q
  1234567a 1234567q 1234qwer 123321123 123456789012345 12345qwert 123abc123 123qweasd 123qweasdzxc 147258369
  14789632 147852369 1a2b3c4d 1password 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 20102010
  22222222 23232323 25252525 2wsx3edc 31415926 3141592653 33333333 44444444 55555555 66666666 741852963 77777777
  789456123 78945612 87654321 88888888 963852741 987654321 9876543210 98765432 99999999 aa12345678 aa123456789
  aaaaaaaa abc12345 abc123456 abc123abc abcd1234 abcdefgh abcdefghi abcdefghij abcdefghijklmnop abcdefghijklmno
  abcdefghijklmnopqrstuvwxyz access14 admin123 admin1234 admin12345 admin123456 administrator alexander america1
  arsenal1 asasasas asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl asdfghjkl123 asdfjkl; asdfqwer babygirl babygirl1
  barcelona baseball baseball1 basketball batman123 beautiful benjamin blink182 brandon1 butterfly butterfly1 caroline
  carolina catherine champion changeme changeme123 charlie1 charlotte cheese123 chelsea1 chocolate chocolate1
  christian christina christopher cocacola computer computer1 consumer correcthorse correcthorsebatterystaple
  cowboys1 danielle december default1 diamond1 dolphin1 dolphins dragon123 drowssap
  einstein elephant elizabeth facebook facebook1 fernando flower123 football football1 forever1 francisco freedom1
  friends1 garfield gateway1 godzilla goodluck guest123 hardcore harley123 hello123 hello1234 helloworld
  hockey123 hunter123 hunter22 iamtheone icecream iloveyou iloveyou1 iloveyou12 iloveyou123 iloveyou2
  iloveyousomuch iloveyouverymuch internet isabella jasmine1 jennifer jennifer1 jessica1 jonathan jordan23 jordan123
  justin123 kristina lakers24 letmein1 letmein123 letmeinnow liberty1 liverpool liverpool1 logitech lol123456 london123
  lovely123 loveyou1 madison1 manchester maradona marseille mastercard maverick mercedes michael1 michael123 michelle
  michelle1 midnight minecraft mississippi monkey123 monkeys1 motdepasse motorola mustang1 mynameis mypassword
  mypassword1 mypassword123 naruto123 nicholas nicole123 ninja123 nintendo november oblivion october1 october123
  p455w0rd p4ssw0rd p4ssword p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword p@55w0rd pa$$w0rd pa$$word pakistan panasonic
  panther1 parola123 paparazzi passport passw0rd passw0rd1 passw0rd123 passwort passwort1 passwort123 password
  password! password.1 password0 password01 password1 password1! password10 password11 password12 password123
  password123! password1234 password12345 password123456 password1234567 password12345678 password123456789
  password2 password21 password22 password3 password4 password5 password7 password8 password9 password99 passwordpassword
  passwords patricia patrick1 peaches1 performance philippines phoenix1 photoshop pineapple playstation pokemon1 pokemon123
  porsche911 portugal precious princess princess1 princess123 purple123 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazwsx123
  qazwsxedc qazwsxedcrfv qazxswedc qq123456 qqww1122 qwe123qwe qweasd123 qweasdzxc qweasdzxc123 qweqweqwe qwer1234
  qwerasdf qwerqwer qwert123 qwert12345 qwerty00 qwerty01 qwerty11 qwerty12 qwerty123 qwerty1234 qwerty12345
  qwerty123456 qwerty1234567 qwerty123456789 qwerty321 qwertyqwerty qwertyui qwertyuio qwertyuiop qwertyuiop123
  qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm qwertyuiop[] qwertz123 qwertzui qwertzuiop rainbow1 raiders1 rangers1
  rebecca1 redsox04 redskins realmadrid remember robert123 rockstar ronaldo7 rootroot running1 samantha samantha1
  samsung1 samsung123 sebastian secret123 security september september1 senha123 shadow123 shannon1 sierra117 simpsons
  skywalker slipknot slipknot1 snickers snowball soccer10 soccer12 softball somebody something spiderman spiderman1
  spongebob starcraft startrek starwars starwars1 steelers steelers1 stephanie strawberry sunflower sunshine
  sunshine1 sunshine123 superman superman1 superman123 superstar swordfish test1234 test12345 test123456 testtest
  thankyou thebest1 thomas123 thunder1 tigger123 timberlake tinkerbell toyota123 treasure trinity1 trustno1 trustnoone
  undertaker united123 universal user1234 vanessa1 valentina vampires veronica victoria victoria1 volleyball warcraft
  warrior1 welcome1 welcome12 welcome123 welcome1234 welcome@123 welcometo1 westside whatever whatever1 william1
  winner123 winston1 winter123 wolverine wordpass yankees1 yellow123 yourmom1 zaq12wsx zaq1xsw2 zaq1zaq1 zaqwsx123
  zaqxswcde zxcasdqwe zxcasdqwe123 zxcvbnm1 zxcvbnm12 zxcvbnm123 zxcvbnm, zxczxczxc
  `
    .trim()
    .split(/\s+/),
);

/**
 * Is this whole password common, or one character or a common password again and again? NIST SP 800-63B-4 compares whole
 * passwords, because a common word inside a long password does no harm.
 *
 * The list is short. A real site also asks a service of leaked passwords, such as Have I Been Pwned.
 */
export function isCommon(password: string): boolean {
  const lower = password.toLowerCase();
  return [lower, lower.replace(/\s/g, "")].some((one) => COMMON.has(one) || repeats(one));
}

/** Is it one part again and again, and the part too short or common? */
function repeats(password: string): boolean {
  const part = /^(.+?)\1+$/u.exec(password)?.[1];
  return part !== undefined && ([...part].length < 8 || COMMON.has(part));
}
