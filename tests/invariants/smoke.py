import asyncio, sys, tempfile, time
from pathlib import Path
from hypothesis import settings, HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test
from lab.redis_server import redis_url
from bot.redis_client import connect
from tests.invariants.machine import Machine
import structlog, logging
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
loop = asyncio.new_event_loop()
async def start():
    cm = redis_url(Path(tempfile.mkdtemp()))
    url = await cm.__aenter__()
    return cm, url
cm, url = loop.run_until_complete(start())
Machine.loop = loop; Machine.redis = connect(url)
t=time.time()
from collections import Counter
C=Counter()
old=Machine.teardown
def td(self):
    if hasattr(self,'witness'):
        C['examples']+=1
        for e in self.fleet.effects: C[e.order.action.type]+=1
        C['confirmations']+=len(self.witness.confirmations)
        C['seconds']+=sum(1 for c in self.witness.confirmations if c.second)
        C['sent']+=len(self.fleet.sent)
        C['unknown']+=len(self.witness.history.unknown)
        C['denied']+=len(self.witness.history.denied)
        C['shown']+=len(self.witness.shown)
        C['max effects']=max(C['max effects'],len(self.fleet.effects))
    old(self)
Machine.teardown=td
n, k = int(sys.argv[1]), int(sys.argv[2])
phases = [Phase.generate, Phase.shrink] if len(sys.argv)>3 else [Phase.generate]
try:
    run_state_machine_as_test(Machine, settings=settings(max_examples=n, stateful_step_count=k, derandomize=len(sys.argv)<5, database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=phases, print_blob=False))
finally:
    print(C)
    print(n, Machine.steps, "steps", round(time.time()-t,1),"s")
    loop.run_until_complete(Machine.redis.aclose())
    loop.run_until_complete(cm.__aexit__(None,None,None))
