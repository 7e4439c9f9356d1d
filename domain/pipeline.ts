/** What passes between a guarded change and the pipeline that makes it. */

/** Of `awaitArmed`: go ahead, or how the change ended instead. */
export type ArmedAnswer =
  | {
      readonly armed: true;
      /**
       * From the moment it was asked for: an answer that came later than that is too old to begin with, and is asked for
       * again. Absent in answers of older workflows.
       */
      readonly goodForMs?: number;
    }
  | { readonly armed: false; readonly outcome: string; readonly why: string };

/** What a pipeline says about its own command. */
export interface PipelineWord {
  readonly exitCode?: number;
  readonly message?: string;
}
