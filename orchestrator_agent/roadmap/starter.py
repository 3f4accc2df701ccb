"""The roadmap that `orch init` writes into a repository that has none."""

STARTER = """\
# Roadmap

<!--
Each "### Phase" below is one work stream: a piece of work that one agent takes to a branch.

  Status       ⚪ Not Started, 🔄 In Progress, ✅ Complete or 🔴 Blocked. `orch` changes it when work is merged.
  Assigned To  a person or agent who has it already; `orch` leaves such work alone.
  Depends On   phases that must be complete first. Without it the phase can start at once.
  Tasks        what to do, one step a line.
  Effort       S, M or L. Split what is larger.
  Done When    how anybody can tell that it is done. The clearer this is, the better the work.

A batch groups phases that may run side by side. "⭐ PRIORITY" behind a name puts it first. What stands under
"Backlog" is ideas, not work. Replace these examples by your own plan.
-->

## Batch 1 (Foundation)

### Phase 1.1: Describe how to build and test

- **Status:** ⚪ Not Started
- **Tasks:**
  - [ ] Write the commands that set up, build and test this repository into CONTRIBUTING.md
  - [ ] Run each of them once in a fresh clone
- **Effort:** S
- **Done When:** somebody new can go from a fresh clone to a green test run by that file alone

### Phase 1.2: Cover the most used module with tests

- **Status:** ⚪ Not Started
- **Tasks:**
  - [ ] Find the module that most others import
  - [ ] Test each of its public functions, one unusual input each included
- **Effort:** M
- **Done When:** the tests pass, and fail when a function of the module is broken on purpose

## Batch 2

### Phase 2.1: Run the tests on every push

- **Status:** 🔴 Blocked
- **Depends On:** Phase 1.1, Phase 1.2
- **Tasks:**
  - [ ] Add a workflow that runs the commands of CONTRIBUTING.md
- **Effort:** S
- **Done When:** the workflow is green on the main branch

## Backlog

- Ideas that are not yet work
"""
