"""From a button to a finished run.

"May this plan go on?" is decided in this order, at the click, at the confirmation and before each action:

1. `handlers.authorization`: whose button or modal this is, and whether the person may
   (`domain.permissions` has the rows of configuration, `domain.policy` the rules on a person).
2. `preconditions`: whether the incident is open and the plan still valid (`domain.plan_validity`), and last
   the cluster's run lock.
3. `propose` and `second_approval` apply both and append the event; `run` applies both again before each
   action, together with the quorum gate and the agents' fences. The agent on the node decides last.
"""
