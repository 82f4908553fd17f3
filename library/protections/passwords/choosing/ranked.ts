/**
 * Written by scripts/ranked-passwords.ts, which says by which rule. The ranking is that of zxcvbn@4.4.2 (MIT, Dan Wheeler and
 * Dropbox, Inc.), which counted the passwords of the leaks that Mark Burnett gathered and gave to the public domain.
 */
export const RANKED = `
01020304 0102030405 01478520 0192837465 085tzzqi 0o9i8u7y 10203040 1020304050 10293847 1029384756 11223344 1122334455
112233445566 11235813 1123581321 12131415 1213141516 1232323q 1234kekc 123581321 12365478 12369874 123698741 123698745
123hfjdk147 123masha 123mudar 123qq123 123qweas 12locked 12qwaszx 12s3t4p55 13243546 13245768 134679852 1357908642
135792468 1357924680 135798642 14725836 147258369 14785236 147852369 14789632 147896321 147896325 15426378 159753456
18273645 18436572 19283746 192837465 19411945 1a2a3a4a 1basebal 1hxboqg2 1passwor 1q2q3q4q 1x2zkg8w 20spanks 22334455
22446688 23176djivanfros 23skidoo 24681012 25800852 27731828 31415926 369258147 369852147 3rjs1la7qe 43046721 44332211
45m2do5bs 4815162342 50spanks 55bgates 5hsu75kpot 5wr2i7h8 69213124 73501505 74108520 74123698 741258963 741852963
78945612 7894561230 78963214 789632145 7ugd5hip2j 8j4ye3uz 8phrowz622 911turbo 918273645 9293709b13 963258741
963852741 99762000 a1a2a3a4 a1a2a3a4a5 aardvark aberdeen abnormal abracadabra abrakadabra acapulco achilles acidburn
adgjmptw adrenalin adventur aerosmit aerosmith agent007 airforce airplane albatros alcatraz alejandr aleksander
aleksandr aleksandra alessand alessandro alexande alexandr alexandru alfarome algernon aligator alkaline allblack
alleycat alligator allnight allstate alphabet alphaman alterego amarillo amateurs ambrosia amethyst amoremio amsterda
amsterdam anaconda anakonda anastasi anastasiya andromed andromeda andyod22 anhyeuem antelope antigone aolsucks
applepie aquafina arabella arcangel archange archangel architec argentin armageddon armagedon armstron asdfjkl;
asmodeus aspirine assassins assholes asslover assmunch astalavista astonvil atlantis atreides augustin australi
avalanch avalanche avangard azsxdcfv babemagn babemagnet baberuth babushka babybear babyblue babycake babydoll
babyface babylon5 babylove backbone backdoor badabing badkarma badnaamhere bajingan balloons ballsack baltimor
baracuda barbados barcelon barefeet barefoot baritone barracud barracuda barselona basketba basketbal baywatch
bcfields beachbum bearcats beautifu beckham7 beefcake beethove bellagio bendover benessere bergkamp bernhard bettyboo
bettyboop bigballs bigblack bigblock bigboobs bigbooty bigbucks bigbutts bigdick1 bigdicks bigmoney bignasty bigpenis
bigpoppa bigpussy bigtruck billabon billybob billyboy binladen biohazard bionicle birthday4 bisexual bismarck bismilla
bismillah bitchass blackass blackbel blackbelt blackbir blackboy blackcoc blackcock blackdog blackhaw blackhawk
blackice blackjac blacklab blackops blackout blaster1 blondinka bloopers blowfish blueball bluebell blueberr blueeyes
bluefish bluejays bluemoon bluenose bluesman bluestar bobafett bobdylan bobmarle bobmarley bonehead bonethug boogaloo
bookcase bookworm bordeaux boris123 borussia bpgjldsgjldthnf bravehea braveheart brighton browndog brucelee buckeye1
buckeyes buckshot buckwhea budapest buddyboy buddydog budlight budweise budweiser bugsbunn bukowski bulldawg bullfrog
bullwink bunghole buratino businessbabe buttercu butterfl buttfuck butthead butthole bynthytn c3por2d2 cabernet
cadillac calamity caliente californ caligula calimero callisto callofduty camaross cambiami cambridg camelot1 cameltoe
candyass candyman cannabis cannibal cannonda cantona7 capetown capital1 capitals capoeira capricor capricorn capslock
care1839 carebear carlitos carnival carpedie carpente cartoons casablanca caseydog cashflow cashmone cashmoney
cassandr catdaddy catfight catherin catwoman cavalier cbr600rr cbr900rr cdtnkfyf cerberus cezer121 cfitymrf chainsaw
challeng chargers charisma charlott charlton checkers checkmat cheerleaers cherries cheshire chevelle chevrole
chevys10 chewbacc cheyanne chickens chickenwing101 chipmunk chipper1 choppers chrisbln christia christma christop
christophe chrysler chuckles churchil civilwar cjkysirj clarinet classics claymore cleopatr clevelan clippers clitoris
close-up cnfybckfd cocksuck cocksucker coldbeer coldplay colossus coltrane comanche comicbookdb commande commando
concorde contortionist coolgirl coolhand coolness copenhag corleone cornhole corvet07 costaric cosworth coventry
cowboyup crazybab crazyman creampie creepers crescent crjhgbjy crocodil crusader cucumber culinary cvbhyjdf cxfcnkbdfz
cybersex cyclones cygnusx1 daedalus dagobert daisydog dangerou dannyboy daredevi daredevil darkange darkangel darklord
darkside darkstar darthvad darthvader davidoff daydream dbrnjhbz deadhead deadpool deadspin deathnote deathrow
deborah1 deepblue deepthro deepthroat deerhunt deeznuts deeznutz deftones delpiero derparol designer desperado
detectiv deutschland devildog devilman devilmaycry dfcbkbcf dfktynby dfktynbyf dhjnvytyjub diamante dickhead dickweed
dietcoke dilligaf dillweed dima1995 dingdong dipstick dirtydog discover dkflbckfd dkflbvbh dkflbvbhjdbx dkflbvbhjdyf
doberman dodgeram doggydog doggystyle doghouse dogpound dolemite domainlock2005 domenico dominika dominion dominiqu
dontknow doomsday doorknob doughboy downhill dragonba dragonballz dragonfl dragonfly dragrace dragster dreamcas
dreamcast drjynfrnt dropdead dropkick drpepper dthjybrf dtkjcbgtl dtxyjcnm duckhunt duracell dutchess dutchman
earnhard earthlin earthlink eastside eastwood eatmenow eatpussy edinburg eggplant eightbal ejaculation ekaterina
elbereth elcamino eldiablo eldorado electron eleven11 elisabet elizabet elizaveta embalmer emmitt22 enforcer engineer
enternow enterpri envision erection ericsson escalade escorpio espresso ethernet euphoria evanescence evangeli
evangelion evergree everlast everques everquest evildead evolutio excalibu excellen f15eagle fabienne facefuck
failsafe fairlane fakepass falstaff fandango fantasia fantasti fantomas farscape fastball fastcars favorite2 favorite6
fearless feathers feelgood fellatio fgtkmcby fhvfutljy fidelity finalfantasy fireball fireblad fireblade firefigh
firehawk firestar firestorm fishbone fishcake fisherma fisherman fishface fishhead fishtank fivestar fkbyjxrf
fktrcfylh fktrcfylhf fktyeirf flashman flathead flexible flipflop flipmode flounder flvbybcnhfnjh footlove fordf150
fordf250 fordf350 fordtruc foreplay foreskin forgetit forsaken francesc francisc frankie1 freckles frederik freebird
freefall freeporn freewill freiheit friendster front242 frontier fruitbat fuck_inside fuckedup fuckface fuckhead
fuckinside fuckmehard fuckshit fuckthat fuckthis fuckyeah fujifilm fullback fullmoon funstuff funtimes fussball
futurama futyn007 fuzzball fyfcnfcbz fyfnjkbq fynjybyf fyutkbyf fyutkjxtr gabriell galeries gallaries gamecock
gamecube gangbang gangbanged ganjaman gannibal gargoyle gatorade gbgbcmrf gbhfvblf geibcnbr geraldin geronimo gesperrt
getmoney ghbdtnbr ghbdtndctv ghbdtnrfrltkf ghblehjr ghbywtccf ghhh47hj7649 ghjcnbnenrf ghjcnjgfhjkm ghjcnjnfr ghjdthrf
ghjnjnbg ghjuhfvvf ghostrider gianluca gigabyte ginscoot girfriend giveitup gizmodo1 gladiato glendale glennwei
glenwood gobigred godbless godfathe godsmack godspeed gogators goldeney goldeneye goldfing goldrush goldstar goldwing
golfball golfclub goodfell goodison goodlife goodtime goodyear goofball gooseman gorillaz gotigers gotohell gotyoass
grandpri grapeape graywolf greatone greatsex greedisgood greenman greentea greyhoun greywolf groupd2013 gsxr1000
gtnhjdbx guesswho guillaum guillerm guinness gulliver gymnastic hairball halflife hallo123 hallowee handball handyman
hannibal happines happydog happyman hardball hardcock harddick hardrock hardwood hardwork hatteras hattrick hawaiian
hawkeyes hawkwind hawthorn hayabusa hd764nw5d7e1vb1 headless headshot hedgehog heineken heinlein hellfire hellohel
hellsing hellyeah herewego hermione hernande hershey1 hetfield highbury highheel highland highlander highlife hillbill
hillside hogwarts hollywoo holyshit homebrew homemade homepage hondacbr honeybee honeybun honeydew hongkong honolulu
hooligan hoosiers hornyguy hornyman horseman horsemen hotbabes hotchick hotgirls hotpussy hounddog housewife
housewifes htubcnhfwbz hugetits hugoboss hulkster hurrican hyperion ibilltes icehouse idontkno ignatius ihateyou
ijrjkflrf ilikepie ilikesex illmatic illusion iloveporn ilovepussy ilovesex ilya1234 impalass implants imtheman
india123 insertion insertions insomnia inspiron interacial intercourse intrepid intruder inuyasha invictus ireland1
irishman ironhors ironmaiden islander istanbul istheman italiano j3qq4h7h2v jakester jamesbon japanees jayhawks
jbond007 jediknig jeepster jefferso jellybea jellybean jiggaman johannes johndeer johngalt josephin joystick junkmail
just4fun justdoit kakashka kamasutra kamikadze karolina katarina katerina kazanova kazantip kcchiefs kcj9wx5n kennwort
kenworth keystone kfcnjxrf kickflip kicksass kikimora killbill killzone kingfish kingston kissmyas kissmyass kittycat
kittykat kjrjvjnbd kleopatra klondike knickerless knickers knockers knuckles komputer konstantin kordell1 koroleva
krasotka krokodil l58jkdjp! lacrimosa lacrosse ladybird laetitia lagwagon lakeside lakewood lalakers lambchop
lamborghini lancaste lancelot landrove lapochka laracroft laserjet lasttime lavalamp leavemealone lebowski lebron23
leedsutd left4dead lemmings lemonade lenochka leonidas lesbians letmeinn letsdoit letsfuck letsplay lfitymrf
lhbjkjubz2957704 libertad lifeisgood lighthou lightnin lilwayne limewire lineage2 lionhear lionheart littlema livelife
liverpoo livewire ljxtymrf lockdown lockerroom loglatin lokomotiv lol12345 lonesome lonestar lonewolf longdong
longhair longhorn longhorns longjohn longshot losangel losangeles lotus123 lovehate loverman lowrider luckydog
ludacris lunchbox luscious luv2epus macaroni macdaddy macgyver machoman macintos macintosh mackenzi madagaskar
madala11 maddison magellan magician magicman mahalkita mailcreated5240 majestic makeitso maksimka mallorca mallrats
mamacita mamochka manchest mandingo mandolin mandrake manhatta mannheim manunited maradona marajade marauder marcello
marcius2 margarit marijuan marijuana marino13 marishka marketin marseill maryjane masamune maserati mash4077
masterbaiting masterbate masterbating masterkey mastermi masturbation matchbox matthias maurizio maurolarastefy
maximilian maxpayne maxpower mazafaka mazdarx7 meandyou meatball meathead meatloaf mechanic megadeth megapass megatron
mephisto meridian mersedes metallic michele1 microphone microsof milamber milhouse milkyway millenium millwall
minimoni minnesot mischief misiaczek mistress mobydick modelsne mollydog momsanaladventure monalisa moneyman mongoose
monkeybo monkeyboy monkeyma monkeyman monolith monopoly montecar montecarlo monterey montgom240 montrose moonbeam
moonligh moonshin moonshine morozova morpheus morrowind morticia mortimer motdepasse motherfu motherlode motocros
motocross motorcyc mudvayne muffdive multiplelo munchkin mushroom musicman mustangs myfriend mynameis mypasswo
mysecret myxworld nadezhda nancy123 nastenka natascha natedogg nathanie nautilus navigato navigator navyseal nbuhtyjr
ncc1701a ncc1701d ncc1701e nebraska needforspeed nemrac58 nemvxyheqdd5oqxyxyzi netscape nevermin nevermind nevermor
nevermore newcastl neworder newproject2004 newstart nicetits nightmar nightowl nightwin nightwish nineball nineinch
nokia123 nokia5130 nokia5230 nokia5530 nokia5800 nokia6233 nokia6300 nokian73 noname123 nonmembe normandy nosferatu
nostromo notredam nounours novifarm novikova nthvbyfnjh ntktdbpjh nuttertools nwo4life nygiants nyyankee omegared
onepiece opendoor optimist optiplex outsider overkill overlord p0015123 p0o9i8u7 paintbal paladin1 pallmall palmtree
panasoni panorama pantyhos pantyhose papabear paperino papillon paradigm paramedi parlament parsifal partizan pasadena
passcode passmast passthie passwerd passwor1 passwordstandard pathfind pathfinder patrizia patterso pavement pavilion
peaceout pearljam penetrating penetration pennstat pennywis penthous peregrin pertinant peterbil peternorth petrovich
phaedrus pharmacy phialpha philippe pianoman pictuers piercing pimpdadd pimpdaddy pimpster pineappl pinetree pingpong
pinkfloy pinkfloyd pinnacle pipeline pippen33 piramida pitchers pizzahut pizzaman plastics platypus playball playmate
playstat playtime plymouth polaroid pontiac1 pool6123 poontang poophead pornking pornographic pornpass pornstar
poseidon powerman preacher prelude1 presiden princessa princeto pringles priscill priyanka pufunga7782 pumpkins
punkrock puppydog pussy4me pussyeat pussylover pussyman pyramids q1q2q3q4 q1q2q3q4q5 qawsedrf qawsedrftg qazwsxed
quant4307s qwaszx12 qweasdzx r2d2c3p0 r2d2c3po r4e3w2q1 radiohea radiohead ragnarok rainbows raindrop rainyday
rammstei rammstein ramstein rapunzel rasputin rastaman rb26dett rdfhnbhf rebbyt34 reckless redalert redbaron reddevil
reddwarf redheads redlight redstorm reloaded remingto rerfhtre revival47 revoluti revolver rfhfvtkmrf rfhfylfi
rfhlbyfk rfhnjirf rfnthbyf rfntymrf rfvfcenhf rhbcnbyf rhfcfdbwf rhfcjnrf rhjrjlbk rhtdtlrj riccardo rickster riffraff
rightnow riverrat riversid rjhjktdf rjirfrgbde rjycnfynby rktjgfnhf roadkill roadking roadrunn roadrunner roadster
robotech robotics rockford rockhard rocknrol rocknroll romanova romashka roosters rootbeer rootedit rosewood rsalinas
rt6ytere runescape rushmore russian7 rustydog saab9000 sailboat salamander salasana saltydog salvator samadams
sammydog sandiego sandman1 sandrine sanity72 santacru sarajevo saratoga satellit sausages saxophon scheisse schnuffi
scirocco scoobydo scorpions scrabble scrapper screamer screwyou seahorse sealteam sebastia sebastie seductive segblue2
seinfeld seminole semperfi senators sentinel sephirot sephiroth septembe seraphim sergbest sersolution sevenof9
sexybabe sexybitch sfgiants shamrock shaney14 sheepdog shevchenko shitface shitfuck shotokan showtime shredder
sidekick sidewind sigmachi silverad silverado singapor sinister sithlord sixtynin sk8ordie skateboard skinhead
skorpion skydiver skywalke skywalker slamdunk slapnuts slimshad slimshady slippery slowhand smackdow smackdown
smartass smashing smeghead smirnoff smirnova smokedog smoothie snakeman snapshot sneakers snoopdog snoopdogg snowbird
snowboar snowflak socrates softtail software sojdlg123aljg sokolova solitude solnishko songbird sonyericsson sonyfuck
sonyvaio sooners1 sopranos soso123aljg soulmate southpar southpaw spaceman spanking sparhawk sparkles spartans
specialk spectrum spiderma splatter splinter spongebo sprinter sprocket squerting srinivas stallion stamford stanislav
starbuck starcraf starfire starfish starligh starlite starship stephani stickman stigmata stiletto stinger1 stingray
stocking stonecol stonecold stonewal stoppedby stratfor strawber streaming stripper submarin suckcock suckdick
suckmydick summertime sunderla sundevil sunflowe sunlight sunnyday superbow superfly supernov supersonic supersta
surveyor survivor swallows sweetass sweetnes swingers swinging swordfis sylveste syncmaster syracuse tacobell
taekwondo tailgate takamine talisman tamerlan tampabay tangerin tarheels tazmania teamwork tecumseh teddybea telephon
temptress tenerife tennesse terminat terrapin terriers testibil thanatos thankyou theclash theforce thegreat thesaint
thething thetruth thisisit threesom thumbnils thunderb tiberian tiberius tickling ticklish ticktock tigercat timelord
timoxa94 tinkerbe titanium titleist tkbpfdtnf tomahawk tommyboy tomservo tonyhawk tooltime toonarmy topolino topsecre
toriamos tortoise tottenha toulouse trailers transexual translator traveler treefrog trfnthbyf triangle trinitro
trinitron triplets trojans1 trombone trousers trucker1 trucking trueblue truffles trumpet1 tryagain tunafish ufhvjybz
uhbujhbq ultraman uncencored underdog undertak undertow universa universi ursitesux usmarine usmc0311 usuckballz1
utahjazz vagabond valeriya valhalla valkyrie valleywa vancouve vanguard vanhalen vaseline vasilisa vauxhall vendetta
verbatim veronika verygood vfhbyjxrf vfhnsirf vfhufhbnf vfitymrf vflfufcrfh vfnbkmlf vfntvfnbrf vfpfafrf vfrcbvrf
vfylfhby viewsoni viewsonic viktoria viktoriya violator vipergts virginie vivitron vjqgfhjkm vkontakte vladislav
vodafone volkodav volkswag volleyba vqsablpzla vsjasnel12 wachtwoord waffenss wanderer wareagle warhamme warhammer
washingt waterboy waterfal waterloo waterpolo waterski wdtnjxtr weare138 webhompas webmaste websol76 websolutions
wednesda wellhung wellingt werewolf westside westwood wetpussy wg8e3wjf whiplash whiskers whistler whiteboy whiteout
whitesox whocares whoknows wildbill wildcard wildfire wildwood winchest windmill windsurf wingchun wingzero wishbone
wolverin wolverine wonderboy wonderfu woodland woodstoc woodstock woodwork wordpass worldcup wp2003wp wrangler
wrestlin wrinkle1 wrinkles x72jhhu3z yamahar1 yamahar6 yaroslav yeahbaby yesterda yfcntymrf yfnfitymrf yjdsqgfhjkm
yogibear yorktown yosemite youandme yourmama ytngfhjkz zanzibar zerocool zildjian zolushka zqjphsyf6ctifgu zxasqw12
zz8807zpl
`
