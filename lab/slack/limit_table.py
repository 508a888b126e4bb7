"""How much Slack takes of everything, in one place; characters where the name does not say otherwise.

Sources: A slack_sdk 3.47 `models/`; B slackblocks 3.0.0 `_limits.py`; C Slack's method pages, a dump of
26 May 2026; D docs.slack.dev; E node-slack-sdk's types; R public reports, undocumented; G a guess of ours.
"""

# Messages.
MESSAGE_BLOCKS = 50  # B
MESSAGE_ATTACHMENTS = 100  # C
POSTED_TEXT = 40_000  # D
UPDATED_TEXT = 4_000  # C
ALL_BLOCK_TEXT = 12_000  # R: bolt-js 2509 and 2867 put it at 12,000 to 13,000
MARKDOWN = 12_000  # A, B: of all markdown blocks together
METADATA_BYTES = 16_000  # G: a limit exists (C: metadata_too_large), its number is documented nowhere
ATTACHMENT_TEXT = 8_000  # G
ATTACHMENT_FIELDS = 20  # G

# Views.
VIEW_BLOCKS = 100  # C
VIEW_BYTES = 250_000  # C
VIEW_STACK = 3  # C
MODAL_TITLE = 24  # A: the title, and the labels of submit and close
PRIVATE_METADATA = 3_000  # A

# Ids: action_id, block_id, callback_id, external_id.
IDENTIFIER = 255  # A, B

# Blocks.
SECTION_TEXT = 3_000  # A
SECTION_FIELDS = 10  # A
FIELD_TEXT = 2_000  # A
HEADER_TEXT = 150  # A
CONTEXT_ELEMENTS = 10  # A
ACTIONS_ELEMENTS = 25  # A
INPUT_LABEL = 2_000  # A: and its hint
PLAN_TASKS = 50  # B

# Elements.
BUTTON_TEXT = 75  # A
BUTTON_VALUE = 2_000  # A
URL = 3_000  # A
PLACEHOLDER = 150  # A
OPTIONS = 100  # A
CHOICES = 10  # A: checkboxes
OVERFLOW_OPTIONS = 5  # A
OPTION_TEXT = 75  # A: and description
OPTION_VALUE = 150  # A
INPUT_VALUE = 3_000  # D
CONFIRM_TITLE = 100  # A
CONFIRM_TEXT = 300  # A
CONFIRM_BUTTON = 30  # A

# Files and canvases.
FILE_ALT_TEXT = 1_000  # C
FILE_CHANNELS = 100  # C
FILE_BYTES = 1_000_000_000  # D
SNIPPET_BYTES = 1_000_000  # C
CANVAS_MARKDOWN = 1_048_576  # C

# Time.
TRIGGER_LIFE_S = 3.0  # C
ACK_TIMEOUT_S = 3.0  # D
RESPONSE_URL_LIFE_S = 30 * 60.0  # R
RESPONSE_URL_USES = 5  # R
EVENT_RETRIES_S = (0.0, 60.0, 300.0)  # R: waits before the three retries
