"""The core's evolve steps: one module a change of layout; `crm_core.evolve.STEPS` lists them in order."""
