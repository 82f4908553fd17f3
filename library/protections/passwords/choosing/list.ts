import { RANKED } from './ranked.ts'

/**
 * What people choose first, in lower case and without the digits and signs that they put around it: `Sunshine_2024!` is `sunshine`.
 * Names, teams, animals, swearing, keyboards, defaults of machines, in the languages whose leaked lists are best known.
 */
const WORDS = `
aaron abby abc abcd abcde abcdef abcdefg abcdefgh abigail access account action adam adidas admin administrator adrian
africa airborne alabama alaska albert alejandra alejandro alex alexander alexandra alexandre alexis alfred alice alicia alison allison allstar
alpha alyssa amanda amazing amazon amber america american amigo amor amorcito amour anderson andrea andreas andrei andrew android andy angel
angela angelica angelina angelito angelo angels anita animal anna anne annie anthony antonio apollo apple apples april aquarius aragorn archie
argentina ariana arizona armani arsenal arthur asdasd asdf asdfasdf asdfg asdfgh asdfghj asdfghjk asdfghjkl ashley assassin asshole asterix
athena atlanta august austin australia autumn avatar awesome azerty azertyuiop babe baby babyboy babygirl babygurl babyphat bailey ball ballet
balloon banana bananas bandit bank barbara barbie barcelona barney baseball basketball bastard batman beach bear bears beast beatles beatrice
beautiful beauty beaver bella benfica benjamin berlin bernard best bestfriend beyonce bigboy bigdaddy bigdog bigmac bill
billabong billy bird bitch bitches biteme black blackberry blackbird blackcat blackie blackjack blackpink blahblah blanco blessed blessing blink
blizzard blonde blondie blood bloody blossom blowme blue blueberry bluebird blueblue bluesky bobby bollocks bond bonita bonjour bonnie
booboo booger boogie book boomer booster boston bowling bowwow boxing bradley brandi brandon brandy brasil braves brazil brenda brian bright
british brittany broken broncos brooke brooklyn brother brown brownie browns bruce bruno brutus bryan bubba bubble bubblegum bubbles buddha
buddy buffalo buffy bugsbunny bulldog bulldogs bullet bullseye bullshit bunny burger business buster butter buttercup butterfly button byteme
caesar california calvin camaro cameron campbell camping canada candy captain cardinal carlos carmen carolina caroline carpediem carter cartman
casanova casino casper cassandra cassie castle catalina catch catdog catherine catholic cats celeste celine celtic chacha challenge champion
chance change changeit changeme chanel chaos charger charles charlie charlotte cheater cheche cheese cheesecake chelsea cherokee cherry chester
chevrolet chevy cheyenne chicago chicken chihuahua chivas choclate chocolate chocolat chopper chris chrissy christ christian christin
christina christine christmas christopher chrome chronic chubby chuck church cinderella cinnamon cisco citibank classic claudia cleopatra cloud
clover cobra cocacola coco cocorico coconut coffee colombia colorado columbia comcast comeon company compaq computer concrete connect connor consumer
contrasena control cookie cookies cool coolcat cooldude coolio cooper corazon corona correct corvette costarica cougar counter country courage
courtney cowboy cowboys coyote cracker craig crazy cream creative cricket cristian cristiano cristina critter crystal cuddles cupcake
curtis custom customer cutie cutiepie cynthia daddy daddysgirl daisy dakota dallas damian dance dancer dancing daniel daniela danielle danny
dante darkness darling darren dashboard database datsun david death december deedee default defender delfin delta demo demon denise dennis denver
desire desiree destiny detroit devil devils dexter diablo diamond diamonds diana diego diesel digital dilbert dillon dinosaur direct dirtbike
disney diver dodgers doggie doggy dolly dolphin dolphins domain domino dominic dominique donald donkey donna dontforget doobie doodle
dork dorothy dortmund douglas dragon dragonball dragons dream dreamer dreams driver drowssap drummer dublin ducati dude duncan dundee dustin
dynamite eagle eagles earth easter easy eclipse eddie edgar edition eduardo edward einstein elaine electric elefant element elephant elizabeth
ellie elvis emerald emily eminem emmanuel emperor empire energy england enigma enjoy enter enterprise eric erica espana esther estrella eternity
europe evelyn everton evolution example excalibur explorer express extreme fabian facebook faith falcon falcons fallen family fantasy fashion
fatboy father fatima february felicia felipe felix fender fernanda fernando ferrari fiesta fighter filter finance firebird firefly fireman
firewall fish fisher fishing flamengo flamingo flash fletcher flipper florence florida flower flowers fluffy flyers foobar football force ford
forest forever forget formula forrest fortress fortuna fortune foxtrot foxylady france frances francesco francis francisco frank frankfurt
franklin freak fred freddie freddy frederic free freedom freepass freeuser frenchie friday friend friends friendship frog froggy frosty fubar
fuck fucker fuckers fucking fuckit fuckme fuckoff fucku fuckyou funny funtime futbol future gabriel gabriela gabrielle galaxy galileo gambit
game gameover gamer games gandalf gangsta gangster garden garfield gateway gators gemini general genesis genius george georgia georgie gerald
germany gerrard getout gfhjkm ghbdtn ghost giants gibson gilbert ginger giorgio giovanni girl girls gizmo gladiator gloria goat goddess godfather
godzilla goforit gold golden goldfish goldie golf golfer goliath goober good goodboy goodgirl goodluck goodmorning google gordon gorilla graham grandma
grandpa grant graphics grateful great green greenbay greenday gregory gremlin griffin groovy guard guardian guest guitar gunner gunners guns
gustavo hacker hahaha hailey halloween hamburg hamilton hammer hamster handsome hannah hannover happiness happy happyday hardcore harley
harmony harold harrison harry harrypotter harvey hawaii hawk hawkeye hawks heart heartbreaker hearts heather heaven hector helena hell hello hellokitty
helloworld helpme hendrix henry hercules hermes hernandez hithere hitman hobbit hobbes hockey holiday hollister holly hollywood holy homer
homework honda honey hooters hope hornet horny horse horses hottie hotdog hotgirl hotmail hotrod hotstuff house houston howard hunter huskers hyundai
iceman icecream idontknow iforget iforgot ignacio iloveboys ilovegod iloveher ilovehim ilovejesus ilovemom ilovemyself iloveu iloveyou iloveyousomuch
imagine immortal impala imperial impossible indian indiana infinity inferno infiniti informatica inside insane instagram install intel inter internet intranet
irene irish ironman isabel isabella isaiah island israel italia italy iverson iwantu iwantyou jack jackass jackie jackpot jackson jacob jaguar jake
jamaica james jamesbond jamie janet janice january japan jasmin jasmine jason jasper javier jayden jayjay jazz jeanne jeffrey jenifer jenkins jennifer
jenny jeremiah jeremy jericho jerome jerry jersey jesse jessica jessie jester jesus jesuschrist jewels jimmy joanna joanne joker johnny johnson
johncena johndoe jonathan jordan joseph josephine joshua journey juancarlos judith juggalo julia julian juliana julie juliet july june junior jupiter
jurassic justice justin justinbieber juventus kaiser kakashi kamikaze kangaroo karate karen karina kansas kate katherine kathleen kathryn katie katrina kawasaki
kayla keith kelly kelsey kennedy kenneth kenny kevin keyboard killer killers killme kimberly king kingdom kingkong kings kinky kisses kissme kitten
kittens kitty klaster knight knights knock kobebryant kristen kristin kristina kristy krishna kurtcobain labrador ladies ladybug lakers lakota lalala
lambert larissa laser lasvegas laura lauren lavender leather legend legolas leonard leonardo lesbian leslie letitbe letmein letmesee letter leticia
lexmark liberty library lifehack lights lightning lilian lillie lincoln linda lindsay lindsey linkedin linkinpark linux lion lionking lions lisa little liverpool
lizard loading logan logitech login lollipop lollol lollypop london lonely lord loser lottery louise louis love lovebug lovehurts lovelife lovelove lovely
loveme lover loverboy lovers loves lovesucks loveu loveyou loving lucas lucifer lucky luckyone luisito lulu madden maddog madison madonna madrid maggie
magic magnum mailman makaveli malcolm malibu manager manchester mandarin mandy mango maniac manolo manuel marathon march marcel marcelo marcus
margaret maria mariah mariana marie marina marine mariners marines mariposa marilyn mario marion marissa marjorie mark marlboro marley marlin marseille
marshall martha martin martina martinez marvin master masters mastermind matilda matrix matt matthew maurice maverick maximum maximus maxwell maymay mazda
meister melanie melissa melody member memory mercedes mercury merlin mermaid messi metal metallica mexico miami michael michaela michel michelle michigan
mickey mickeymouse microlab microsoft midnight miguel mike millie miller million minecraft minnie miracle miranda misfit mission mississippi missy mister
mitchell mittens mnbvcxz mobile modern molly mommy momof monday money monica monika monique monkey monkeys monster monsters montana montreal moomoo moon
moonlight morgan moroni morrison mortgage moscow mother motherfucker motorola mountain mouse mozart muffin mulder murder murphy music musica mustang mylife
mylove myname mypass mypassword myself myspace mystery nadine naked nana naruto nascar natalia natalie natasha nathalie nathan nathaniel natural nature naughty
nautica ncc ncct nelson nemesis network nevada never newcastle newlife newpass newpassword newport newyork nicholas nichole nicole nightmare nikita
nikki nimbus nintendo nipples nirvana nissan nobody nocturne nofear nomore none nopass nopassword norman nothing notebook notused november nugget number nursing
nutmeg oakland oblivion obsidian ocean october office oksana oliver olivia onelove oneone online open opensesame operator optimus orange oranges orion
orlando oscar otter outlaw oxford pacific packard packers paintball pakistan paloma pamela panasonic panda pandora panther panthers pantera panties papamama
paradise paramore paris parker parola partner party pass passion passme passpass passport passw passwd passwort password passwords patches patience patricia patrick
patriots paul paula pauline payton peace peaches peachy peanut pearl pebbles peekaboo pegasus pencil penelope penguin penguins people pepper pepsi
perfect perros personal peter peterpan phantom philip phillip phillies phoenix phone photo photos picasso pickle picture pierre piglet pimpin pineapple
pink pinky pioneer piper pirate pirates pisces pitbull pizza plastic platinum player playboy players playstation please plumber poiuyt poiuytrewq pokemon
poker poland police polina polniypizdec polska poohbear pookie pookey poop popcorn popeye popstar porkchop porn porno porsche porter portland portugal postal potato
potter power praise prayer preciosa precious predator premier presario president preston pretty prince princesa princess princesse principe private
prodigy producer professor promise prosper protect psycho pumpkin punisher puppies puppy purple pussies pussy pussycat pyramid qazwsx qazwsxedc qazxsw qweasd
qweasdzxc qweqwe qwer qwert qwerty qwertyu qwertyui qwertyuiop qwertz qwertzuiop qwqwqw rabbit rachel racing radio raider raiders railroad rain rainbow raistlin
ramona random ranger rangers rapture raptor rascal raymond reading realmadrid rebecca rebel rebelde red reddog redhead redneck redskins redrum redsox redwings
reggae regina remember renault renegade republic requiem resident revolution reynolds rhonda ricardo richard richie ricky rider right ringo river robbie robert
roberto robinhood robinson rochelle rock rocker rocket rocks rockstar rocky rodrigo roger roland rolltide romance romantic ronald ronaldinho ronaldo ronnie
rooney rooster root rosario roses rosebud rosemary rosita royals ruby runner running rush russell russia rusty ruth sabrina sakura sailing sailor saints salvador
samantha sammie sammy sample samson samsung samuel sanchez sandra sandy sanjose santafe santana santiago sapphire sarah sasha sasuke satan saturday saturn
savage savannah scarface scarlet school schalke schatz scooby scoobydoo scooter scorpio scorpion scotland scott scotty scout scrappy scruffy seahawks search
seattle sebastian secret secrets secure security select senator senha senior september serena serenity sergey sergio server service sesame seven sexsex sexy
sexyboy sexygirl sexylady sexymama shadow shadows shakira shalom shannon sharing shark sharks sharon shaun shaved shelby sheila shelly sheriff
sherlock sherman sherry shinigami shirley shithead shitty shopping shorty shotgun sierra silence silly silver simba simone simple simples simpson simpsons sinner
sister sisters skater skeeter skipper skippy skittles skyline slacker slapshot slayer slipknot slut slutty smart smile smiles smiley smith smoke smokey smooth
snake snapchat snicker snickers sniper snoopy snowball snowboard snowflake snowman snuggles soccer social sofia softball soldier soleil solution something sonic sophia
sophie southpark southside spanky sparkle sparky sparrow spartan spartak special speed speedy spencer spiderman spider spirit spitfire splash sponge spongebob
spooky spring sprite squirrel stanley star starbucks starcraft stardust stargate starlight stars start startrek starwars stealth steelers stefan stella
stephanie stephen sterling steve steven stewart sticky sting stinky storm strange stranger strawberry street strike student studio stupid stuttgart sublime success
sucker suckit sugar summer sunday sunderland sundance sunflower sunny sunrise sunset sunshine super superboy supergirl superman supernova superstar support
supreme surfer surfing susan suzuki svetlana sweden sweet sweetheart sweetie sweetness sweetpea sweets swimmer swimming swordfish sydney sylvester sylvia system tamara
tandem target tarzan tasha tattoo taurus taylor teacher teamo technics teddy teddybear teiubesc temp temple temppass temporary tennessee tennis tequiero tequila teresa terminal terminator
terry test testing testpass testtest texas thailand thebest theboss thebeast thedoors theking theman theone theresa therock theodore thirteen thomas thompson thuglife thumper
thunder thursday tiffany tiger tigers tigger timothy tinker tinkerbell titanic titans toby tokiohotel tomato tomcat tommy toor topgun topsecret toronto tornado torres
tottenham toyota tractor training transformers transfer trance trandafir travel travis treasure trebor trees tremendo trevor trial tricia trigger trinity triple trish triumph
trojan trooper trouble truelove trueno trust trustme trustno trustnoone tucker tuesday turkey turner turtle tweety twilight twitter twister tyler ultimate umbrella
undertaker unicorn unique united universal universe unknown user username vacation valencia valentin valentina valentine valerie valeria vampire vanessa vanilla
vegeta vegas velvet venom ventura venus verizon vermont veronica vertigo vfhbyf victor victoria victory video vienna viking vikings vincent vincenzo violet violetta viper
virgin virginia virus vision vladimir volcano volcom volkswagen volleyball voodoo voyager wallace walmart walter wanker warcraft warlock warning warren warrior
warriors washington water watermelon watson weather webmaster wednesday weed welcome wendy werder wesley western whatever whatthe wheels whiskey white wicked
wilbur wildcat wildcats william williams willie willow wilson windows winner winnie winniethepooh winston winter wireless wisdom wizard wolf wolfgang wolfpack
wolves wombat wonder wonderful woody worship wrestling wrigley xavier xbox xiaoming xxx xxxx xxxxx xxxxxx yahoo yamaha yankee yankees yasmin yellow yesterday yolanda
youtube yourmom yoyoyo yuliya yvonne zachary zaq zaqxsw zaqwsx zebra zenith zeppelin zidane zombie zoomzoom zxcasdqwe zxcv zxcvb zxcvbn zxcvbnm zxczxc
`

/** Whole passwords that the other rules do not reach: digits all over, or several words that everybody puts together. */
const WHOLE = `
102030 1029384756 112233 11223344 1122334455 121212 12121212 123123 123123123 123321 12332112 12341234 123454321 1234qwer 123654 123654789
12qwaszx 131313 134679 135790 1357924680 13579 141414 142536 147147 147258 147258369 147852 147852369 151515 1597530 159357 159357456 159753
159753456 161616 171717 181818 18atcskd2w 192837465 19283746 1a2b3c 1a2b3c4d 1a2s3d4f 1g2w3e4r 1q1q1q 1q1q1q1q 1q2q3q4q 1q2w3e 1q2w3e4r 1q2w3e4r5t
1q2w3e4r5t6y 1q2w3e4r5t6y7u8i 1q2w3e4r5t6y7u8i9o 1qa2ws3ed 1qaz1qaz 1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw2 1qw23e 202020 212121 212223 222333 232323
242424 246810 252525 258456 2wsx3edc 313131 321321 321321321 321654 333666 3rjs1la7qe 420420 456456 456789 456852 4815162342 4rfv5tgb 515151 55555555 654321
69696969 696969 741852 741852963 753159 753951 787878 789456 789456123 789654 8675309 876543210 963852741 987456321 987654 a1b2c3 a1b2c3d4 a1s2d3f4
abc123abc123 aa123456 abcd1234abcd asd123asd q1w2e3 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qaz123wsx qazwsxedcrfv qazwsxedcrfvtgb qwaszx qwe123qwe qwer1234qwer
qwerty123qwerty qwertyasdf qwertyasdfgh qwertyasdfghzxcvbn qwertyuiopasdfgh qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm thx1138 ncc1701 ncc1701d
ncc1701e trustno1 blink182 ou812 rush2112 area51 zaq12wsx zaq1xsw2 zaq1zaq1 zxc123zxc zxasqw12 rfv5tgb6yhn 7758521 5201314 woaini1314 woaini woaini520
a123456789a password1password password123password password1234password thisismypassword thisisapassword mypasswordispassword letmeinplease pleaseletmein
correcthorsebatterystaple correct-horse-battery-staple correcthorsebattery administratorpassword adminadminadmin administrator123admin rootpassword
iloveyoubaby iloveyouforever iloveyousomuch ilovemyfamily ilovemydog iloveyou123iloveyou iwillalwaysloveyou jesusismysavior jesuslovesme godisgood
godislove ilovejesuschrist qwertypassword passwordqwerty welcome123welcome changemeplease changemenow temporarypassword temppassword defaultpassword
yourpassword newpassword oldpassword nopasswordneeded idontknowmypassword iforgotmypassword whatismypassword guesswhat guessmypassword supersecretpassword
verysecretpassword topsecretpassword secretpassword opensesameopen maytheforcebewithyou harrypotter7 onceuponatime tobeornottobe
manchesterunited manchestercity realmadridcf fcbarcelona liverpoolfc chelseafc arsenalfc newyorkcity losangeles sanfrancisco lasvegasnevada
monkeymonkey dragonball dragonballz superman123 spidermanspiderman onetwothree onetwothreefour onetwothreefourfive abcdefghijk abcdefghijklm
abcdefghijklmnop abcdefghijklmnopqrstuvwxyz microsoftwindows passwordpass mypassmypass secretsecret testingtesting testtesttest demodemodemo useruseruser
p@ssword pa$$word p@$$w0rd
`

let words: ReadonlySet<string> | undefined
let ranked: ReadonlySet<string> | undefined
let whole: ReadonlySet<string> | undefined

/** Whether the text, in lower case, is a word that stands alone in the leaked lists. */
export function isCommonWord(text: string): boolean {
  return isChosenWord(text) || (ranked ??= toSet(RANKED)).has(text)
}

/** The same, of the words that were put together here. */
export function isChosenWord(text: string): boolean {
  return (words ??= toSet(WORDS)).has(text)
}

/** Whether the text, in lower case, is such a password as a whole. */
export function isCommonPassword(text: string): boolean {
  return (whole ??= toSet(WHOLE)).has(text) || isCommonWord(text)
}

function toSet(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
