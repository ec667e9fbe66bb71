# SPDX-License-Identifier: Apache-2.0
"""Contestants side by side: each is set up once, in a process and in namespaces of its own, and they
take short turns. The machine's speed changes by half within minutes, or for a second when others
work: turns that follow one another meet the same machine, and a round goes by its median turn."""
import contextlib
import dataclasses
import functools
import multiprocessing
import statistics

import contestants
import measure
import rig

MAX_CLOSE_S = 60  # For a stand to take its namespaces away.
TURNS = 6  # A round. A turn is at least one test run of pktgen, 0.1 s.


@contextlib.contextmanager
def on_wires(contestant):
    """A scene: gives the function that a turn calls with what it is asked, here a load, and the way."""
    with rig.wires(contestant.skbs) as sink, contestant.setup() as way:
        yield lambda load: rig.generate(load, *sink, *way.generator), way


def stand(scene, contestant, pipe, parents):
    """Sends what came of each turn that it is asked for; after None the way's counters."""
    parents.close()  # Else its end would not be heard of.
    rig.name_namespaces()
    try:
        with scene(contestant) as (turn, way):
            while asked := pipe.recv():
                pipe.send(turn(asked))
        pipe.send(way.counters)
    except EOFError:
        pass
    except Exception as error:  # pylint: disable=broad-except
        pipe.send(error if isinstance(error, rig.Failed) else rig.Failed(repr(error)))


class Stand:
    """A contestant that waits for its turns, in a process of its own."""

    def __init__(self, scene, contestant):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=stand,
                                               args=(scene, contestant, theirs, self.pipe))
        self.process.start()
        theirs.close()

    def ask(self, asked):
        try:
            self.pipe.send(asked)
            answer = self.pipe.recv()
        except (EOFError, OSError) as error:
            raise rig.Failed("its process has ended") from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.pipe.close()
        self.process.join(MAX_CLOSE_S)
        self.process.terminate()


class Stands(contextlib.ExitStack):
    """Set up when their first turn comes."""

    def __init__(self, scene=on_wires):
        super().__init__()
        self.scene = scene
        self.by_contestant = {}

    def turn(self, contestant, asked):
        if id(contestant) not in self.by_contestant:
            self.by_contestant[id(contestant)] = self.enter_context(
                contextlib.closing(Stand(self.scene, contestant)))
        return self.by_contestant[id(contestant)].ask(asked)

    def end(self, contestant):
        """Its counters."""
        return self.by_contestant[id(contestant)].ask(None)


def together(turns):
    """Of results one: sums, at the rate of the median turn."""
    sums = {name: sum(turn[name] for turn in turns) for name in turns[0]}
    rate = statistics.median(map(measure.rate, turns))
    return sums | {"seconds": sums["received"] / rate / 1e6}


def side_by_side(cases, scale, title):
    with Stands() as stands:
        turns, failed = measure.in_rounds(
            {name: functools.partial(stands.turn, contestant, dataclasses.replace(
                load, seconds=scale.seconds / TURNS)) for name, (contestant, load) in cases.items()},
            scale.rounds * TURNS, title)
        ended = {}
        for name in turns[0]:
            contestant = cases[name][0]
            if id(contestant) not in ended:
                ended[id(contestant)] = stands.end(contestant)
    return [{name: together([turn[name] for turn in turns[i:i + TURNS]]) | ended[id(cases[name][0])]
             for name in turns[0]} for i in range(0, len(turns), TURNS)], failed


def in_rounds(cases, scale, title):
    """As measure.in_rounds() for {name: (contestant, load)}. Contestants whose threads are never
    idle stand alone, a whole round's time at once."""
    alone = {name: functools.partial(contestants.forward, contestant, load)
             for name, (contestant, load) in cases.items() if contestant.threads}
    rounds, failed = side_by_side({name: case for name, case in cases.items() if name not in alone},
                                  scale, title)
    others, others_failed = measure.in_rounds(alone, scale.rounds, title)
    return [one | other for one, other in zip(rounds, others)], failed | others_failed
