"""Everyday words for the classes: other names of the same thing, and things that have no class but a similar one."""

# Each line: a class, and its other names, some of them British, American or children's.
_SAME = """
airplane: aeroplane, plane, jet, airliner, aircraft
alarm clock: alarm
ambulance: rescue car
animal migration: flock, herd
arm: forearm
asparagus: asparagus spear
axe: ax, hatchet, tomahawk
backpack: rucksack, knapsack, school bag
bandage: plaster, band aid, adhesive bandage, sticking plaster
barn: farm, farmhouse, shed
baseball bat: bat for baseball
bathtub: bath, tub
beach: seaside, shore, coast, seashore
bear: grizzly, polar bear
beard: facial hair, whiskers
bed: bunk, cot
bee: bumblebee, honeybee
bicycle: bike, cycle, pushbike
binoculars: field glasses, opera glasses
bird: sparrow, robin, birdie
birthday cake: cake with candles, birthday
bottlecap: bottle top, crown cap
bowtie: bow
brain: mind, brains
bread: loaf, toast, loaf of bread
broom: broomstick, besom
bucket: pail
bulldozer: digger, dozer
bus: coach, omnibus
bush: shrub, hedge
cake: gateau, tart, torte
calculator: pocket calculator
calendar: planner
camel: dromedary
camera: photo camera, photo
camouflage: camo, disguise
campfire: bonfire, fire
canoe: kayak, rowing boat, rowboat
car: automobile, auto, sedan, motorcar
cat: kitty, kitten, pussycat, tomcat, tabby
ceiling fan: ceiling ventilator
cell phone: smartphone, mobile phone, mobile, iphone, handy, android phone
chair: seat, stool, armchair
chandelier: ceiling lamp
church: chapel, cathedral
circle: ring, disc, round
cloud: clouds, cloudy
coffee cup: coffee, cup of coffee, cappuccino, espresso, latte
compass: navigation compass
computer: pc, desktop, desktop computer, monitor
cookie: biscuit, cracker
cooler: cool box, ice box, cooler box
couch: sofa, settee, divan
cow: cattle, bull, ox, calf
crab: king crab
crocodile: alligator, croc, gator, caiman
crown: tiara, king, queen
cruise ship: ship, liner, ocean liner, ferry, boat
cup: teacup
diamond: gem, jewel, gemstone, brilliant, rhombus
diving board: springboard, diving platform
dog: puppy, doggy, doggie, hound, pup
donut: doughnut, bagel
door: doorway
dragon: wyvern
dresser: chest of drawers, drawers, sideboard, commode, chest
drill: power drill
drums: drum, drum kit, drum set
duck: duckling, rubber duck, ducky
dumbbell: barbell, weights, weight
envelope: letter, mail, post, email
eraser: rubber, indiarubber
eyeglasses: glasses, spectacles, specs, sunglasses
face: head, portrait
fan: ventilator, table fan
feather: quill, plume
fence: picket fence, railing
fire hydrant: hydrant
fireplace: hearth, chimney
firetruck: fire engine, fire brigade
fish: goldfish
flashlight: torch
flip flops: sandals, sandal, thongs
floor lamp: standing lamp, lamp, standard lamp
flower: rose, daisy, tulip, blossom, sunflower
flying saucer: ufo, spaceship, alien ship, spacecraft
foot: feet
frog: toad, froggy
frying pan: pan, skillet, saucepan
garden: flower bed, yard
garden hose: hose, hosepipe, water hose
goatee: goatee beard, van dyke
golf club: golf, putter
grapes: grape, bunch of grapes
grass: lawn, meadow
guitar: electric guitar, ukulele
hamburger: burger, cheeseburger
hammer: mallet
hat: cap, top hat
headphones: earphones, headset, earbuds
helicopter: chopper, copter
helmet: hard hat, bike helmet
hockey puck: puck
hospital: clinic, infirmary
hot air balloon: balloon, air balloon, montgolfier
hot dog: sausage, frankfurter
hot tub: jacuzzi, whirlpool
hourglass: sand timer, egg timer, sand clock, sandglass
house: home, cottage, hut, building
house plant: pot plant, potted plant, plant
hurricane: storm, cyclone, typhoon
ice cream: gelato, ice cream cone, cornet, sundae
jacket: coat, blazer, anorak
jail: prison, gaol, cell
kangaroo: wallaby, roo
key: door key
keyboard: computer keyboard
ladder: step ladder
lantern: oil lamp
laptop: notebook, notebook computer, macbook
leaf: leaves, foliage
light bulb: bulb, idea
lighter: cigarette lighter
lightning: lightning bolt, thunderbolt, thunder, flash, bolt
line: stroke, straight line
lobster: crayfish
lollipop: lolly, sucker
mailbox: letterbox, postbox
map: atlas, world map
marker: felt tip, felt tip pen, highlighter, felt pen, marker pen
matches: match, matchstick, matchbox
megaphone: loudhailer, bullhorn, loudspeaker
mermaid: siren, little mermaid
microphone: mic, mike
microwave: microwave oven
monkey: ape, chimp, chimpanzee, gorilla
moon: crescent, half moon
motorbike: motorcycle, moped
mountain: mountains, peak, hill, alps, volcano
mouse: mice, rodent
moustache: mustache, tache
mouth: lips
mug: beer mug, beaker
mushroom: toadstool, fungus, champignon
nail: iron nail
necklace: pendant, chain, beads
ocean: sea, waves, wave
octopus: squid, kraken
oven: cooker
owl: barn owl
paint can: paint, paint pot, tin of paint
paintbrush: brush
palm tree: palm, coconut tree, coconut palm
panda: panda bear
pants: trousers, jeans, slacks
parachute: chute
parrot: macaw, budgie, cockatoo, parakeet
passport: id, identity card
peanut: peanuts, nut
peas: pea, pea pod, green peas
pencil: pen, crayon pencil
piano: grand piano
pickup truck: pickup, ute
picture frame: frame, picture, painting
pig: piggy, piglet, hog, swine
pillow: cushion
pineapple: ananas
pizza: pizza slice, slice of pizza
pliers: pincers, tongs
police car: cop car, patrol car, police
pond: lake
pool: swimming pool
popsicle: ice lolly, ice pop
potato: spud, potatoes
power outlet: socket, plug socket, outlet, wall socket, plug
purse: handbag, bag
rabbit: bunny, hare, bunny rabbit
raccoon: racoon, trash panda
radio: wireless
rain: shower, rainfall, raindrops
remote control: remote, tv remote, clicker
rhinoceros: rhino
rifle: gun, weapon, shotgun
river: stream, creek, brook
roller coaster: big dipper
rollerskates: inline skates, skates, rollerblades
sailboat: sailing boat, sailing ship, yacht
sandwich: toastie, sub, panini
saw: handsaw
saxophone: sax
see saw: teeter totter
sheep: lamb, ram
shoe: sneaker, trainer, boot, boots, sneakers
shorts: short trousers, bermudas
shovel: spade
sink: basin, washbasin
skateboard: longboard
skull: skeleton, death's head
skyscraper: tower, high rise, tower block, office block
smiley face: smiley, emoji, smile, happy face
snake: serpent, viper, cobra
snorkel: diving mask, goggles
snowflake: snow, flake
snowman: olaf
soccer ball: football, soccer, ball
sock: stocking, socks
speedboat: motorboat
spider: tarantula, cobweb
spoon: tablespoon, teaspoon
spreadsheet: excel, table of numbers
square: rectangle, box, quadrilateral
squiggle: scribble, doodle, wiggle
stairs: staircase, steps, stairway
star: pentagram, starfish
steak: meat, beef
stereo: hifi, speaker, boombox, speakers
stitches: stitch, seam
stop sign: stop, road sign
stove: hob, cooktop, stovetop
streetlight: street lamp, lamppost
string bean: green bean, runner bean, bean, french bean
submarine: u boat
suitcase: luggage, briefcase, trunk, case
sun: sunshine, sunny
sweater: jumper, pullover, jersey, hoodie
swing set: swing, swings
sword: sabre, rapier, blade, saber
syringe: injection, needle, vaccine
t-shirt: shirt, tee, top
table: desk
teapot: kettle, tea
teddy-bear: teddy, stuffed animal, plush
telephone: phone, landline
television: tv, telly, tv set, television set
tennis racquet: tennis racket, racket, racquet, tennis
The Eiffel Tower: eiffel, paris
The Great Wall of China: great wall, chinese wall
The Mona Lisa: la gioconda, leonardo
tiger: tigress
toaster: toast machine
toilet: loo, lavatory, wc, bathroom, restroom
tooth: teeth, molar
tornado: twister, whirlwind
traffic light: traffic lights, stoplight, traffic signal
train: locomotive, steam train, railway, steam engine
tree: oak, trees, forest
truck: lorry, hgv
umbrella: brolly, parasol
underwear: underpants, briefs, knickers, panties, boxers
van: minivan, camper van
vase: flower vase, urn
violin: fiddle, viola
washing machine: washer, laundry machine
waterslide: slide
wheel: tyre, tire
windmill: wind turbine
wine bottle: bottle, bottle of wine, wine
wine glass: goblet, glass of wine
wristwatch: watch
yoga: gymnastics, meditation
zebra: zebra horse
"""

# Each line: a class, and things without a class of their own that it comes closest to.
_NEAR = """
ant: beetle, bug, insect, cockroach
bee: ladybird, ladybug, wasp, fly, hornet
bird: pigeon, seagull, eagle, dove, crow, turkey
butterfly: moth, dragonfly
cat: fox, leopard, lynx, panther
castle: palace, fort
coffee cup: hot chocolate, cocoa
cow: buffalo, goat, bison
diamond: kite
dog: wolf, coyote
dolphin: porpoise, orca
dragon: dinosaur, monster, t rex
duck: goose, chicken, hen
fish: salmon, tuna, piranha
flower: lily
flying saucer: rocket, alien, satellite
horse: donkey, unicorn, pony, mule, deer, reindeer, moose
hedgehog: porcupine
ice cream: cupcake, muffin
lion: cheetah, puma
lobster: shrimp, prawn
mouse: rat, hamster, guinea pig
octopus: jellyfish
peanut: cashew
apple: orange, peach, cherry, plum, mango, tomato
potato: fries, french fries, chips, crisps
banana: cucumber
carrot: radish, parsnip
broccoli: cauliflower, cabbage, lettuce
tree: christmas tree, fir tree, bonsai
rabbit: chinchilla
sea turtle: turtle, tortoise
smiley face: boy, girl, man, woman, person, people, baby, heart
skull: ghost, halloween
snail: slug
snake: worm, caterpillar, eel
squirrel: chipmunk, beaver
sun: planet, earth
triangle: arrow
watermelon: melon, lemon, lime
whale: blue whale
skateboard: scooter
sailboat: pirate ship
"""


def _read(text: str) -> dict[str, tuple[str, ...]]:
    lines = (line.partition(": ") for line in text.strip().splitlines())
    return {name: tuple(words.split(", ")) for name, _, words in lines}


SAME: dict[str, tuple[str, ...]] = _read(_SAME)
NEAR: dict[str, tuple[str, ...]] = _read(_NEAR)


def everyday_words() -> dict[str, dict[str, tuple[str, ...]]]:
    """Class to its words for the "same" thing, and for things that it comes "near" to, as scripts want them."""
    return {name: {"same": SAME.get(name, ()), "near": NEAR.get(name, ())} for name in (*SAME, *NEAR)}
